import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { CliError } from '../../client/cli-error.ts';
import { postJson, request, requestJson } from '../../client/http.ts';
import { printJson, printTable } from '../../client/output.ts';
import { example, targetOf, withTarget } from '../../client/target-options.ts';
import type { Options } from './target.ts';

interface Secret {
  name: string;
  steps: string[];
  updatedBy: string;
  updated: string;
}

/** `runnel workspace secrets list|set|remove`: of the token's own workspace; an operator sees none. */
export function secretsCommand(workspace: Command): void {
  const secrets = workspace.command('secrets').description('secrets that steps get as environment variables');
  const path = (name: string): string => `/api/v1/workspace/secrets/${encodeURIComponent(name)}`;
  const list = withTarget(secrets.command('list').description('list them, without their values'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const { secrets: found } = await requestJson<{ secrets: Secret[] }>(targetOf(options), '/api/v1/workspace/secrets');
      if (options.json === true) return printJson(found);
      printTable(
        ['secret', 'given to', 'updated'],
        found.map(({ name, steps, updated }) => [name, steps.join(', '), updated]),
      );
    });
  example(list, 'runnel workspace secrets list');
  const set = withTarget(secrets.command('set').description('keep one; its value is read from standard input, not from the command line'))
    .argument('<NAME>', 'the environment variable')
    .requiredOption('--step <STEPS...>', 'who is given it: processes of the workspace, or their steps ("process/step")')
    .action(async (name: string, options: Options & { step: string[] }) => {
      const value = (await text(process.stdin)).replace(/\r?\n$/, '');
      if (value === '') throw new CliError('there is nothing on standard input', 'runnel workspace secrets set NAME --step PROCESS < FILE');
      await request(targetOf(options), path(name), { ...postJson({ value, steps: options.step }), method: 'PUT' });
      console.log(`kept ${name} for ${options.step.join(', ')}`);
    });
  example(set, 'runnel workspace secrets set PLANET_KEY --step planet/order < planet.key');
  const remove = withTarget(secrets.command('remove').description('forget one'))
    .argument('<NAME>', 'its name')
    .action(async (name: string, options: Options) => {
      await request(targetOf(options), path(name), { method: 'DELETE' });
      console.log(`forgot ${name}`);
    });
  example(remove, 'runnel workspace secrets remove PLANET_KEY');
}
