import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { request, requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean; reason?: string; limit?: number; wait?: boolean };

interface Executor {
  id: string;
  backend: string;
  slots: number;
  cores: number;
  memoryMiB: number;
  isolation: string;
  accepting: boolean;
  alive: boolean;
  cordon: string | null;
  emptyAt: string | null;
  full: string | null;
  steps: number;
}

/** `runnel executors list|cordon|drain|uncordon`: where steps run, and where nothing new is to run. */
export function executorsCommand(program: Command): void {
  const executors = program.command('executors').description('where steps run, and where nothing new is to run');
  const list = withTarget(executors.command('list').description('list them'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const { executors: found } = await requestJson<{ executors: Executor[] }>(targetOf(options), '/api/v1/executors');
      if (options.json === true) return printJson(found);
      printTable(
        ['executor', 'backend', 'slots', 'steps', 'cores', 'MiB', 'isolation', 'state'],
        found.map((x) => [
          x.id,
          x.backend,
          String(x.slots),
          String(x.steps),
          String(x.cores),
          String(Math.round(x.memoryMiB)),
          x.isolation,
          stateOf(x),
        ]),
      );
    });
  example(list, 'runnel executors list');
  const cordon = withTarget(executors.command('cordon').description('give one nothing new; what runs goes on'))
    .argument('<EXECUTOR>', 'its id (runnel executors list)')
    .requiredOption('--reason <TEXT>', 'told to everybody whose steps wait for it')
    .action((id: string, options: Options) => set(options, `executors/${encodeURIComponent(id)}/cordon`, `${id} is given nothing new`));
  example(cordon, "runnel executors cordon x-1 --reason 'a new disk' --token $OPERATOR_TOKEN");
  const drain = withTarget(executors.command('drain').description('empty one: nothing new, and what runs ends or is moved'))
    .argument('<EXECUTOR>', 'its id (runnel executors list)')
    .option('--limit <TIME>', 'after so long what still runs is stopped and moved to another: 90s, 10m, 2h', seconds, 600)
    .option('--reason <TEXT>', 'told to everybody whose steps wait for it', 'it is being drained')
    .option('--wait', 'until nothing runs there any more')
    .action(async (id: string, options: Options) => {
      const { reason, limit: limitSeconds } = options;
      await send(options, `executors/${encodeURIComponent(id)}/cordon`, { reason, limitSeconds });
      console.log(`${id} is given nothing new; what still runs after ${limitSeconds} s is moved`);
      if (options.wait === true) await untilEmpty(options, id);
    });
  example(drain, 'runnel executors drain x-1 --limit 10m --wait --token $OPERATOR_TOKEN');
  const uncordon = withTarget(executors.command('uncordon').description('give one steps again'))
    .argument('<EXECUTOR>', 'its id (runnel executors list)')
    .action((id: string, options: Options) => clear(options, `executors/${encodeURIComponent(id)}/cordon`, `${id} is given steps again`));
  example(uncordon, 'runnel executors uncordon x-1 --token $OPERATOR_TOKEN');
}

/** `runnel maintenance on|off`: runs are accepted, no step is started. */
export function maintenanceCommand(program: Command): void {
  const maintenance = program.command('maintenance').description('accept runs but start no step');
  const on = withTarget(maintenance.command('on').description('from now on'))
    .requiredOption('--reason <TEXT>', 'told to everybody whose steps wait')
    .action((options: Options) => set(options, 'maintenance', 'no step is started'));
  example(on, "runnel maintenance on --reason 'upgrade until 10:00' --token $OPERATOR_TOKEN");
  const off = withTarget(maintenance.command('off').description('no more')).action((options: Options) =>
    clear(options, 'maintenance', 'steps are started again'),
  );
  example(off, 'runnel maintenance off --token $OPERATOR_TOKEN');
}

function stateOf({ alive, accepting, cordon, emptyAt, full }: Executor): string {
  if (!alive) return 'away';
  if (cordon !== null) return emptyAt === null ? `cordoned: ${cordon}` : `drained until ${emptyAt}: ${cordon}`;
  if (full !== null) return `takes nothing: ${full}`;
  return accepting ? 'takes steps' : 'drains';
}

function seconds(text: string): number {
  const [, figure, unit = 's'] = /^(\d+)([smhd]?)$/.exec(text) ?? [];
  if (figure === undefined) throw new InvalidArgumentError('a time is expected, as 90s, 10m or 2h.');
  return Number(figure) * ({ '': 1, s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1);
}

async function untilEmpty(options: Options, id: string): Promise<void> {
  for (;;) {
    const { executors } = await requestJson<{ executors: Executor[] }>(targetOf(options), '/api/v1/executors');
    const left = executors.find((executor) => executor.id === id)?.steps ?? 0;
    if (left === 0) return void console.log('nothing runs there');
    await sleep(1000);
  }
}

async function set(options: Options, path: string, done: string): Promise<void> {
  await send(options, path, { reason: options.reason });
  console.log(done);
}

async function send(options: Options, path: string, content: object): Promise<void> {
  const init = { method: 'PUT', body: JSON.stringify(content), headers: { 'content-type': 'application/json' } };
  await request(targetOf(options), `/api/v1/${path}`, init);
}

async function clear(options: Options, path: string, done: string): Promise<void> {
  await request(targetOf(options), `/api/v1/${path}`, { method: 'DELETE' });
  console.log(done);
}
