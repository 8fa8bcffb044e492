import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { postJson, requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';
import { collect, finish, readInputs } from './run.ts';

interface Options {
  input?: string[];
  workflow?: string;
  detach?: boolean;
  json?: boolean;
}

interface Resumed {
  run: { run: string };
  steps: { step: string; reused: number; repeated?: string }[];
}

/** `runnel resume RUN`: goes on from what succeeded in a run that failed. */
export function resumeCommand(program: Command): void {
  const command = withTarget(program.command('resume').description('go on from what succeeded in a run that failed or was dismissed'))
    .argument('<run>', 'run id')
    .option('--workflow <FILE>', 'edited CWL document: becomes the next version of the process; only what it changes is repeated')
    .option('-i, --input <NAME=VALUE>', 'an input that changes; all others are as they were (repeatable)', collect)
    .option('-d, --detach', 'do not wait for the end')
    .option('--json', 'print the answer as JSON, and do not wait')
    .action(async (run: string, options: Parameters<typeof targetOf>[0] & Options) => {
      const target = targetOf(options);
      const inputs = await readInputs(target, undefined, options.input ?? []);
      const workflow = options.workflow === undefined ? {} : { workflow: readDocument(options.workflow) };
      const resumed = await requestJson<Resumed>(target, `/api/v1/runs/${run}/resume`, postJson({ inputs, ...workflow }));
      if (options.json === true) return printJson(resumed);
      console.error(`run ${resumed.run.run}`);
      printTable(
        ['step', 'reused', 'carried out'],
        resumed.steps.map(({ step, reused, repeated = '' }) => [step, String(reused), repeated]),
      );
      if (options.detach !== true) await finish(target, resumed.run.run, false);
    });
  example(command, 'runnel resume 01936d2e-7c1a-7000-8000-000000000001 --workflow edited.cwl');
}

function readDocument(file: string): string {
  if (!existsSync(file)) throw new CliError(`no such file: ${file}`);
  return readFileSync(file, 'utf8');
}
