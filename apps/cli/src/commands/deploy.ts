import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { request, requestJson, type ApiRequest, type Target } from '../client/http.ts';
import { printJson } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

interface Summary {
  id: string;
  version: string;
}

interface Options {
  entry?: string;
  validateOnly?: boolean;
  json?: boolean;
}

/** `runnel deploy FILE`: creates the process, or makes a new version of it. */
export function deployCommand(program: Command): void {
  const command = withTarget(
    program.command('deploy').description('deploy a CWL document as a process; an existing one gets a new version'),
  )
    .argument('<file>', 'CWL document (YAML or JSON, with $graph where it has several processes)')
    .option('--entry <ID>', 'workflow of the document to run, where it has several')
    .option('--validate-only', 'deploy nothing: check the document here, with the checks of the server')
    .option('--json', 'print the answer as JSON')
    .action(async (file: string, options: Parameters<typeof targetOf>[0] & Options) => {
      if (options.validateOnly === true) return validate(file, options);
      const target = targetOf(options);
      const body = readDocument(file);
      const headers = { 'content-type': file.endsWith('.json') ? 'application/cwl+json' : 'application/cwl+yaml' };
      const base = `/${target.workspace}/ogc-api/processes`;
      const query = options.entry === undefined ? '' : `?w=${encodeURIComponent(options.entry)}`;
      const id = await create(target, `${base}${query}`, { body, headers });
      if (id.existing) await request(target, `${base}/${encodeURIComponent(id.id)}${query}`, { method: 'PUT', body, headers });
      const summary = await requestJson<Summary>(target, `${base}/${encodeURIComponent(id.id)}`);
      if (options.json === true) printJson(summary);
      else
        console.log(
          `${id.existing ? 'replaced' : 'deployed'} ${summary.id} (version ${summary.version})\nrun it: runnel run ${summary.id} inputs.json`,
        );
    });
  example(command, 'runnel deploy examples/greeting/app.cwl', 'runnel deploy --validate-only examples/greeting/app.cwl');
}

/** Also what it imports is read, from beside it. */
async function validate(file: string, { entry, json }: Options): Promise<void> {
  readDocument(file);
  const [{ loadProcess }, { CwlFault }] = await Promise.all([import('../cwl/load-job.ts'), import('../cwl/fault.ts')]);
  const warnings: string[] = [];
  try {
    const {
      package: { main },
    } = await loadProcess(entry === undefined ? file : `${file}#${entry}`, (text) => void warnings.push(text));
    if (json === true) return printJson({ valid: true, process: main, warnings });
    for (const warning of warnings) console.error(warning);
    console.log(`${file} is valid: it would be deployed to run ${main}`);
  } catch (error) {
    if (!(error instanceof CwlFault)) throw error;
    if (json !== true) throw new CliError(`${file} is not valid\n${error.message}`, 'Mend it; nothing was sent.');
    printJson({ valid: false, errors: error.message.split('\n'), warnings });
    process.exitCode = 1;
  }
}

/** POSTs the document; 409 tells that the process exists and where. */
async function create(target: Target, path: string, init: ApiRequest): Promise<{ id: string; existing: boolean }> {
  const response = await request(target, path, { ...init, method: 'POST', tolerate: [409] });
  const id = response.headers.get('location')?.split('/').at(-1);
  if (id === undefined)
    throw new CliError('the server answered a deployment without a Location', 'Update the server: OGC API - Processes Part 2 asks for it.');
  return { id: decodeURIComponent(id), existing: response.status === 409 };
}

function readDocument(file: string): string {
  if (!existsSync(file)) throw new CliError(`no such file: ${file}`);
  return readFileSync(file, 'utf8');
}
