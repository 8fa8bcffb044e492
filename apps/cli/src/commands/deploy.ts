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

/** `runnel deploy FILE`: creates the process, or makes a new version of it. */
export function deployCommand(program: Command): void {
  const command = withTarget(
    program.command('deploy').description('deploy a CWL document as a process; an existing one gets a new version'),
  )
    .argument('<file>', 'CWL document (YAML or JSON, with $graph where it has several processes)')
    .option('--entry <ID>', 'workflow of the document to run, where it has several')
    .option('--json', 'print the answer as JSON')
    .action(async (file: string, options: Parameters<typeof targetOf>[0] & { entry?: string; json?: boolean }) => {
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
  example(command, 'runnel deploy examples/greeting/app.cwl');
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
