import type { Command } from 'commander';
import { requestJson } from '../client/http.ts';
import { duration, printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';
import { collect } from './run.ts';

interface Run {
  run: string;
  process: { id: string };
  status: string;
  progress: number;
  name?: string;
  labels: Record<string, string>;
  created: string;
  started?: string;
  finished?: string;
}

type Options = Parameters<typeof targetOf>[0] & {
  status?: string[];
  process?: string[];
  label?: string[];
  name?: string;
  search?: string;
  limit: string;
  json?: boolean;
};

/** `runnel ps`: the runs of the workspace, newest first. */
export function psCommand(program: Command): void {
  const command = withTarget(program.command('ps').description('list runs, newest first'))
    .option('--status <STATUS>', 'only runs in this status: accepted, running, successful, failed, dismissed (repeatable)', collect)
    .option('--process <PROCESS>', 'only runs of this process (repeatable)', collect)
    .option('--label <NAME=VALUE>', 'only runs with this label (repeatable)', collect)
    .option('--name <NAME>', 'only runs of this name')
    .option('--search <TEXT>', 'only runs that have it in process, name or the value of a label')
    .option('--limit <N>', 'at most so many', '20')
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const { runs } = await requestJson<{ runs: Run[] }>(targetOf(options), `/api/v1/runs?${queryOf(options)}`);
      if (options.json === true) printJson(runs);
      else
        printTable(
          ['run', 'process', 'status', 'progress', 'took', 'created', 'name and labels'],
          runs.map((run) => [run.run, run.process.id, run.status, `${run.progress} %`, took(run), run.created, detailsText(run)]),
        );
    });
  example(command, 'runnel ps --status running', 'runnel ps --label season=2026 --process vegetation');
}

function queryOf({ status = [], process = [], label = [], name, search, limit }: Options): string {
  const given = {
    limit: [limit],
    status,
    process,
    label,
    name: name === undefined ? [] : [name],
    text: search === undefined ? [] : [search],
  };
  return new URLSearchParams(
    Object.entries(given).flatMap(([key, values]) => values.map((value): [string, string] => [key, value])),
  ).toString();
}

const took = ({ started, finished }: Run): string =>
  started === undefined ? '' : duration((finished === undefined ? Date.now() : Date.parse(finished)) - Date.parse(started));

const detailsText = ({ name, labels }: Run): string =>
  [...(name === undefined ? [] : [name]), ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)].join(' ');
