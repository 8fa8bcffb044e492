import type { Command } from 'commander';
import { request, requestJson } from '../client/http.ts';
import { bytes, duration, printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';
import { addressOf } from './workspace/target.ts';

type Options = Parameters<typeof targetOf>[0] & {
  json?: boolean;
  csv?: boolean;
  from?: string;
  to?: string;
  by: string;
  estimate?: string;
};

interface Sum {
  attempts: number;
  cpuSeconds: number;
  memoryGbSeconds: number;
  wallSeconds: number;
  inputBytes: number;
  outputBytes: number;
}

interface Usage {
  from: string;
  to: string;
  groups: (Sum & Record<string, string | number>)[];
  total: Sum;
  more: boolean;
}

type Spread = { median: number; high: number } | undefined;

/** `runnel usage`: what a workspace is billed for. */
export function usageCommand(program: Command): void {
  const usage = withTarget(program.command('usage').description('what a workspace is billed for, or a run is likely to use'))
    .option('--from <TIME>', 'what ended from then on: 2026-11-01 (default: the beginning of this month, UTC)')
    .option('--to <TIME>', 'and before then (default: now)')
    .option('--by <GROUPS>', 'day, month, process, run, step, caller, separated by commas', 'day')
    .option('--estimate <PROCESS>', 'instead: what a run of it has used before')
    .option('--csv', 'print as CSV')
    .option('--json', 'print as JSON')
    .action((options: Options) => (options.estimate === undefined ? summary(options) : estimate(options, options.estimate)));
  example(
    usage,
    'runnel usage --by process',
    'runnel usage --from 2026-10-01 --to 2026-11-01 --csv > october.csv',
    'runnel usage --estimate greeting',
  );
}

async function summary(options: Options): Promise<void> {
  const target = targetOf(options);
  const own = (await addressOf(target)) === '/api/v1/workspace';
  const parameters = new URLSearchParams({ group_by: options.by });
  if (options.from !== undefined) parameters.set('from', options.from);
  if (options.to !== undefined) parameters.set('to', options.to);
  const path = `/api/v1/${own ? '' : `workspaces/${encodeURIComponent(target.workspace)}/`}usage`;
  if (options.csv === true) {
    parameters.set('f', 'csv');
    parameters.set('limit', '10000');
    process.stdout.write(await (await request(target, `${path}?${parameters.toString()}`)).text());
    return;
  }
  const found = await requestJson<Usage>(target, `${path}?${parameters.toString()}`);
  if (options.json === true) return printJson(found);
  const by = options.by.split(',');
  const row = (names: string[], sum: Sum): string[] => [
    ...names,
    String(sum.attempts),
    hours(sum.cpuSeconds),
    hours(sum.memoryGbSeconds),
    bytes(sum.inputBytes),
    bytes(sum.outputBytes),
  ];
  const texts = (group: Record<string, string | number>): string[] => by.map((name) => String(group[name] ?? ''));
  printTable(
    [...by, 'attempts', 'core hours', 'GB hours', 'read', 'written'],
    [...found.groups.map((group) => row(texts(group), group)), row(['total', ...by.slice(1).map(() => '')], found.total)],
  );
  if (found.more) console.log('there are more groups: --csv prints up to 10,000');
}

/** Three digits that say something, however little it is. */
const hours = (seconds: number): string => String(Number((seconds / 3600).toPrecision(3)));

async function estimate(options: Options, process: string): Promise<void> {
  const path = `/api/v1/usage/estimate?process=${encodeURIComponent(process)}`;
  const found = await requestJson<{ runs: number; cpuSeconds: Spread; memoryGbSeconds: Spread; wallSeconds: Spread }>(
    targetOf(options),
    path,
  );
  if (options.json === true) return printJson(found);
  if (found.runs === 0) return console.log(`${process}: no run of it has succeeded yet`);
  console.log(`${process}, by ${found.runs} earlier runs:`);
  const seconds = (value: number | undefined): string => (value === undefined ? '' : duration(value * 1000));
  printTable(
    ['measure', 'half are below', 'nine of ten are below'],
    [
      ['time', seconds(found.wallSeconds?.median), seconds(found.wallSeconds?.high)],
      ['cores x time', seconds(found.cpuSeconds?.median), seconds(found.cpuSeconds?.high)],
      ['GB x seconds', (found.memoryGbSeconds?.median ?? 0).toFixed(2), (found.memoryGbSeconds?.high ?? 0).toFixed(2)],
    ],
  );
}
