import type { Command } from 'commander';
import { request, requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean; reason?: string };

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
}

/** `runnel executors list|cordon|uncordon`: where steps run, and where nothing new is to run. */
export function executorsCommand(program: Command): void {
  const executors = program.command('executors').description('where steps run, and where nothing new is to run');
  const list = withTarget(executors.command('list').description('list them'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const { executors: found } = await requestJson<{ executors: Executor[] }>(targetOf(options), '/api/v1/executors');
      if (options.json === true) return printJson(found);
      printTable(
        ['executor', 'backend', 'slots', 'cores', 'MiB', 'isolation', 'state'],
        found.map((x) => [x.id, x.backend, String(x.slots), String(x.cores), String(Math.round(x.memoryMiB)), x.isolation, stateOf(x)]),
      );
    });
  example(list, 'runnel executors list');
  const cordon = withTarget(executors.command('cordon').description('give one nothing new; what runs goes on'))
    .argument('<EXECUTOR>', 'its id (runnel executors list)')
    .requiredOption('--reason <TEXT>', 'told to everybody whose steps wait for it')
    .action((id: string, options: Options) => set(options, `executors/${encodeURIComponent(id)}/cordon`, `${id} is given nothing new`));
  example(cordon, "runnel executors cordon x-1 --reason 'a new disk' --token $OPERATOR_TOKEN");
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

const stateOf = ({ alive, accepting, cordon }: Executor): string =>
  !alive ? 'away' : cordon !== null ? `cordoned: ${cordon}` : accepting ? 'takes steps' : 'drains';

async function set(options: Options, path: string, done: string): Promise<void> {
  const body = JSON.stringify({ reason: options.reason });
  await request(targetOf(options), `/api/v1/${path}`, { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
  console.log(done);
}

async function clear(options: Options, path: string, done: string): Promise<void> {
  await request(targetOf(options), `/api/v1/${path}`, { method: 'DELETE' });
  console.log(done);
}
