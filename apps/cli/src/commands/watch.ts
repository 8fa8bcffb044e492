import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { requestJson, type Target } from '../client/http.ts';
import { duration, printJson, tableLines } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

interface Run {
  run: string;
  process: { id: string };
  status: string;
  progress: number;
  message: string;
  attention?: string;
  created: string;
  started?: string;
  finished?: string;
}

type Options = Parameters<typeof targetOf>[0] & { every: number; once?: boolean; json?: boolean };

/** `runnel watch`: the runs as they go, in place, as `top`. */
export function watchCommand(program: Command): void {
  const command = withTarget(program.command('watch').description('a live table of runs, the open ones first; Ctrl-C ends it'))
    .option('--every <SECONDS>', 'between two looks', seconds, 2)
    .option('--once', 'look once (so does an output that is no terminal)')
    .option('--json', 'look once and print as JSON')
    .action(async (options: Options) => {
      const target = targetOf(options);
      if (options.json === true) return printJson(await look(target));
      for (const live = options.once !== true && process.stdout.isTTY; ;) {
        const lines = linesOf(await look(target), Date.now());
        if (!live) return console.log(lines.join('\n'));
        const { rows = 24, columns = 80 } = process.stdout;
        const shown = lines.slice(0, rows - 1).map((line) => line.slice(0, columns));
        // Home, each line with what is left of the old one erased, and all below.
        process.stdout.write(`\u001b[H${shown.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
        await sleep(options.every * 1000);
      }
    });
  example(command, 'runnel watch', 'runnel watch --once');
}

const finals = ['successful', 'failed', 'dismissed'];

/** All open runs (of the newest 1,000), then those that ended last. */
async function look(target: Target): Promise<Run[]> {
  const list = async (query: string): Promise<Run[]> => (await requestJson<{ runs: Run[] }>(target, `/api/v1/runs?${query}`)).runs;
  const [open, ended] = await Promise.all([
    list('limit=1000&status=accepted,running,publishing'),
    list(`limit=20&status=${finals.join(',')}`),
  ]);
  return [...open, ...ended];
}

function linesOf(runs: readonly Run[], now: number): string[] {
  const counts = Map.groupBy(runs, ({ status }) => status);
  const summary = ['running', 'publishing', 'accepted'].map((status) => `${counts.get(status)?.length ?? 0} ${status}`).join(', ');
  const rows = runs.map((run) => [
    run.run,
    run.process.id,
    run.status,
    `${run.progress} %`,
    duration((run.finished === undefined ? now : Date.parse(run.finished)) - Date.parse(run.started ?? run.created)),
    run.attention === undefined ? run.message : `! ${run.attention}`,
  ]);
  return [
    `${new Date(now).toISOString()}  ${summary}`,
    '',
    ...tableLines(['run', 'process', 'status', 'progress', 'time', 'message'], rows),
  ];
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0.1) throw new InvalidArgumentError('a number of seconds, 0.1 or more, is expected.');
  return value;
}
