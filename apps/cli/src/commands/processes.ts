import type { Command } from 'commander';
import { request, requestJson, type Target } from '../client/http.ts';
import { typeText, type InputDescription, type Schema } from '../client/input-template.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

interface Summary {
  id: string;
  version: string;
  title?: string;
}

interface Description extends Summary {
  description?: string;
  inputs?: Record<string, InputDescription>;
  outputs?: Record<string, { title?: string; description?: string; schema: Schema }>;
}

const pathOf = (target: Target, id: string): string => `/${target.workspace}/ogc-api/processes/${encodeURIComponent(id)}`;

/** `runnel processes`: what is deployed. */
export function processesCommand(program: Command): void {
  const command = withTarget(program.command('processes').description('list the deployed processes'))
    .option('--limit <N>', 'at most so many', '1000')
    .option('--json', 'print as JSON')
    .action(async (options: Options & { limit: string }) => {
      const target = targetOf(options);
      const { processes } = await requestJson<{ processes: Summary[] }>(
        target,
        `/${target.workspace}/ogc-api/processes?limit=${encodeURIComponent(options.limit)}`,
      );
      if (options.json === true) printJson(processes);
      else
        printTable(
          ['process', 'version', 'title'],
          processes.map(({ id, version, title = '' }) => [id, version, title]),
        );
    });
  example(command, 'runnel processes');
}

/** `runnel describe PROCESS`: what goes in and what comes out. */
export function describeCommand(program: Command): void {
  const command = withTarget(program.command('describe').description('say what a process does, takes and gives'))
    .argument('<process>', 'id of a deployed process')
    .option('--json', 'print its description (OGC API - Processes) as JSON')
    .action(async (id: string, options: Options) => {
      const target = targetOf(options);
      const description = await requestJson<Description>(target, pathOf(target, id));
      if (options.json === true) printJson(description);
      else print(description);
    });
  example(command, 'runnel describe greeting', 'runnel template greeting > inputs.yml');
}

function print({ id, version, title, description, inputs = {}, outputs = {} }: Description): void {
  const text = [title, description].filter((part, index, parts) => part !== undefined && part !== id && parts.indexOf(part) === index);
  console.log([`${id} (version ${version})`, ...text].join('\n'));
  section(
    ['input', 'type', 'needed', 'what it is'],
    Object.entries(inputs).map(([name, { minOccurs, schema, ...about }]) => [
      name,
      typeText(schema),
      minOccurs === 0 ? (schema.default === undefined ? 'no' : `no: ${JSON.stringify(schema.default)}`) : 'yes',
      aboutText(name, about),
    ]),
  );
  section(
    ['output', 'type', 'what it is'],
    Object.entries(outputs).map(([name, { schema, ...about }]) => [name, typeText(schema, 'file'), aboutText(name, about)]),
  );
}

function section(header: string[], rows: string[][]): void {
  if (rows.length === 0) return;
  console.log();
  printTable(header, rows);
}

/** Title and description on one line, without what says nothing. */
const aboutText = (name: string, { title, description }: { title?: string; description?: string }): string =>
  [...new Set([title, description])]
    .filter((part) => part !== undefined && part !== '' && part !== name)
    .join('. ')
    .replaceAll(/\s+/g, ' ');

/** `runnel undeploy PROCESS…`: runs that are under way go on, their results stay. */
export function undeployCommand(program: Command): void {
  const command = withTarget(program.command('undeploy').description('remove processes; their runs and results stay'))
    .argument('<processes...>', 'ids of deployed processes')
    .action(async (ids: string[], options: Options) => {
      const target = targetOf(options);
      for (const id of ids) {
        await request(target, pathOf(target, id), { method: 'DELETE' });
        console.log(`${id} undeployed`);
      }
    });
  example(command, 'runnel undeploy greeting');
}
