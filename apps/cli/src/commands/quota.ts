import { InvalidArgumentError, type Command } from 'commander';
import { requestJson } from '../client/http.ts';
import { bytes, printJson, printTable } from '../client/output.ts';
import { example, none, orNull, targetOf, withTarget, type None } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

const measures = ['steps', 'cores', 'memoryMiB', 'storageBytes', 'queuedRuns'] as const;
const times = ['runSeconds', 'mostRunSeconds', 'stepSeconds', 'mostStepSeconds'] as const;
type Limits = Record<(typeof measures)[number], number | null>;
type Quota = Limits &
  Record<(typeof times)[number] | 'uploadBytes' | 'requestsPerSecond', number | null> & {
    workspace: string;
    weight: number;
    priority: number;
    use: Limits;
  };

/** `runnel quota show|set`: what a workspace may have, and its part of the machine. */
export function quotaCommand(program: Command): void {
  const quota = program.command('quota').description('what a workspace may have at once, and its part of the machine');

  const show = withTarget(quota.command('show').description('print the quota of a workspace and what of it is in use'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => print(await quotaOf(options), options));
  example(show, 'runnel quota show', 'runnel quota show --workspace other --token $OPERATOR_TOKEN');

  const set = withTarget(quota.command('set').description('change it, also while runs go on; "none" takes a limit away'))
    .option('--weight <N>', 'places it gets beside a workspace of weight 1', amount)
    .option('--priority <N>', 'whose steps go first, whatever the weights', amount)
    .option('--steps <N>', 'steps under way at once', limit)
    .option('--cores <N>', 'their cores', limit)
    .option('--memory <MIB>', 'their memory', limit)
    .option('--storage <BYTES>', 'intermediate objects', limit)
    .option('--queued-runs <N>', 'runs that wait for their first step', limit)
    .option('--upload <BYTES>', 'one file that is put', limit)
    .option('--requests <N>', 'requests a second to each api', limit)
    .option('--run-seconds <N>', 'how long a run may take that asks for nothing', limit)
    .option('--most-run-seconds <N>', 'the most that a run may ask for', limit)
    .option('--step-seconds <N>', 'how long an attempt at a step may take where the run asks for nothing', limit)
    .option('--most-step-seconds <N>', 'the most that a run may ask for its steps', limit)
    .option('--json', 'print as JSON')
    .action(async (options: Options & Record<string, unknown>) => {
      const { weight, priority, steps, cores, memory, storage, queuedRuns, upload, requests } = options;
      const { runSeconds, mostRunSeconds, stepSeconds, mostStepSeconds } = options;
      const limits = {
        steps,
        cores,
        memoryMiB: memory,
        storageBytes: storage,
        queuedRuns,
        uploadBytes: upload,
        requestsPerSecond: requests,
        runSeconds,
        mostRunSeconds,
        stepSeconds,
        mostStepSeconds,
      };
      const body = { weight, priority, ...Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, orNull(value)])) };
      const init = { method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      print(await requestJson<Quota>(targetOf(options), pathOf(options), init), options);
    });
  example(set, 'runnel quota set --workspace demo --steps 20 --cores 16 --token $OPERATOR_TOKEN');
}

/** The caller's own, which any member may see, or another's, which takes an operator. */
async function quotaOf(options: Options): Promise<Quota> {
  const own = await requestJson<Quota>(targetOf(options), '/api/v1/quota').catch(() => undefined);
  return own?.workspace === options.workspace ? own : requestJson<Quota>(targetOf(options), pathOf(options));
}

const pathOf = ({ workspace }: Options): string => `/api/v1/workspaces/${encodeURIComponent(workspace)}/quota`;

function print(quota: Quota, { json, workspace }: Options): void {
  if (json === true) return printJson(quota);
  console.log(`${workspace}: weight ${quota.weight}, priority ${quota.priority}`);
  const shown = (measure: string, value: number | null): string =>
    value === null ? 'no limit' : measure === 'storageBytes' ? bytes(value) : String(value);
  printTable(
    ['measure', 'in use', 'quota'],
    [
      ...measures.map((measure) => [measure, shown(measure, quota.use[measure]), shown(measure, quota[measure])]),
      ...times.map((time) => [time, '', shown(time, quota[time])]),
      ['uploadBytes', '', quota.uploadBytes === null ? 'no limit' : bytes(quota.uploadBytes)],
      ['requestsPerSecond', '', shown('', quota.requestsPerSecond)],
    ],
  );
}

function amount(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('a number is expected.');
  return number;
}

const limit = (text: string): number | None => (text === none ? none : amount(text));
