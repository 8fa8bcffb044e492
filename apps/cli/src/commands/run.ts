import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { assignmentOf } from '../client/assignment.ts';
import { CliError } from '../client/cli-error.ts';
import { followRun, terminalFollower } from '../client/follow-run.ts';
import { postJson, requestJson, type Target } from '../client/http.ts';
import { printJson } from '../client/output.ts';
import { fetchResults, printResults } from '../client/results.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';
import { uploadInputs } from '../client/upload-inputs.ts';

type Json = Parameters<typeof uploadInputs>[1];

interface RunOptions {
  input?: string[];
  detach?: boolean;
  name?: string;
  label?: string[];
  runSeconds?: string;
  stepSeconds?: string;
  json?: boolean;
}

/** `runnel run PROCESS [INPUTS]`: executes, follows live, prints the results; exit code 1 when the run fails. */
export function runCommand(program: Command): void {
  const command = withTarget(program.command('run').description('execute a process, follow it live and print its results'))
    .argument('<process>', 'id of a deployed process')
    .argument('[inputs]', 'JSON or YAML file with the inputs; local files that it names are uploaded')
    .option('-i, --input <NAME=VALUE>', 'one input; the value is read as YAML (repeatable)', collect)
    .option('--name <NAME>', 'by which you find the run again: runnel ps --name NAME')
    .option('--label <NAME=VALUE>', 'likewise; also for runnel cancel --label (repeatable)', collect)
    .option('--run-seconds <N>', 'the most that the run may take, from its start')
    .option('--step-seconds <N>', 'the most that each attempt at a step may take')
    .option('-d, --detach', 'do not wait; print the run id')
    .option('--json', 'print only the results, as JSON')
    .action(async (id: string, file: string | undefined, options: Parameters<typeof targetOf>[0] & RunOptions) => {
      const target = targetOf(options);
      const inputs = await readInputs(target, file, options.input ?? []);
      const job = await requestJson<{ jobID: string }>(
        target,
        `/${target.workspace}/ogc-api/processes/${encodeURIComponent(id)}/execution`,
        postJson({ inputs, ...detailsOf(options), ...limitsOf(options) }, { prefer: 'respond-async' }),
      );
      if (options.detach === true) {
        if (options.json === true) printJson(job);
        else console.log(job.jobID);
        return;
      }
      if (options.json !== true) console.error(`run ${job.jobID}`);
      await finish(target, job.jobID, options.json === true);
    });
  example(command, 'runnel run greeting examples/greeting/inputs.json', 'runnel run wide -i "n=[1, 2, 3]" --label season=2026');
}

export async function finish(target: Target, run: string, json: boolean): Promise<void> {
  const last = await followRun(target, run, terminalFollower(process.stderr));
  if (last.status !== 'successful') throw new CliError(`run ${run} ${last.status}: ${last.message}`, `Read its logs: runnel logs ${run}`);
  const results = await fetchResults(target, run);
  if (json) printJson(results);
  else printResults(results);
}

function detailsOf({ name, label = [] }: RunOptions): { name?: string; labels?: Record<string, string> } {
  return {
    ...(name === undefined ? {} : { name }),
    ...(label.length === 0 ? {} : { labels: Object.fromEntries(label.map((given) => assignmentOf('--label', given))) }),
  };
}

function limitsOf({ runSeconds, stepSeconds }: RunOptions): { limits?: object } {
  if (runSeconds === undefined && stepSeconds === undefined) return {};
  const figure = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  return { limits: { runSeconds: figure(runSeconds), stepSeconds: figure(stepSeconds) } };
}

export async function readInputs(target: Target, file: string | undefined, assignments: string[]): Promise<Json> {
  let inputs: { [key: string]: Json } = {};
  if (file !== undefined) {
    if (!existsSync(file)) throw new CliError(`no such file: ${file}`);
    const read = (await uploadInputs(target, parse(readFileSync(file, 'utf8')) as Json, dirname(file))) as { [key: string]: Json };
    // An execute request ({"inputs": …}) is as good as the bare inputs.
    const wrapped = read['inputs'];
    inputs = Object.keys(read).length === 1 && wrapped !== null && typeof wrapped === 'object' && !Array.isArray(wrapped) ? wrapped : read;
  }
  for (const assignment of assignments) {
    const [name, value] = assignmentOf('--input', assignment);
    inputs[name] = await uploadInputs(target, parse(value) as Json, process.cwd());
  }
  return inputs;
}

/** Of an option that may be given again and again. */
export const collect = (value: string, all: string[] = []): string[] => [...all, value];
