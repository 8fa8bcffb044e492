import type { Command } from 'commander';
import { requestJson } from '../client/http.ts';
import { templateOf, templateText, type InputDescription } from '../client/input-template.ts';
import { printJson } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

/** `runnel template PROCESS`: an input file to fill in. */
export function templateCommand(program: Command): void {
  const command = withTarget(program.command('template').description('print an input file for a process, to be filled in'))
    .argument('<process>', 'id of a deployed process')
    .option('--json', 'print it as JSON, without what the inputs are')
    .action(async (id: string, options: Parameters<typeof targetOf>[0] & { json?: boolean }) => {
      const target = targetOf(options);
      const { inputs = {} } = await requestJson<{ inputs?: Record<string, InputDescription> }>(
        target,
        `/${target.workspace}/ogc-api/processes/${encodeURIComponent(id)}`,
      );
      if (options.json === true) printJson(templateOf(inputs));
      else console.log(templateText(id, inputs));
    });
  example(command, 'runnel template greeting > inputs.yml', 'runnel run greeting inputs.yml');
}
