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

/** As the server would read it: what lies beside the file on this disk is not there. */
async function validate(file: string, { entry, json }: Options): Promise<void> {
  const text = readDocument(file);
  const [{ loadAndCheck }, { describeDiagnostic }, { readDocument: fetchAddress, toAddress }] = await Promise.all([
    import('@runnel/cwl'),
    import('../cwl/fault.ts'),
    import('../cwl/addresses.ts'),
  ]);
  const root = toAddress(file);
  const read = (address: string): Promise<string> => {
    if (address === root) return Promise.resolve(text);
    if (!address.startsWith('file:')) return fetchAddress(address);
    return Promise.reject(
      new Error('only the document itself is sent: bring it in as a part of its $graph (cwltool --pack), or name a web address'),
    );
  };
  const uri = entry === undefined ? root : `${root}#${encodeURIComponent(entry)}`;
  const { package: pkg, diagnostics } = await loadAndCheck(uri, read, { entry: 'first-workflow' });
  const found = diagnostics.map(describeDiagnostic);
  if (json === true) printJson({ valid: pkg !== undefined, ...(pkg ? { process: pkg.main } : {}), diagnostics: found });
  else if (!pkg) throw new CliError([`${file} is not valid`, ...found].join('\n'), 'Mend it; nothing was sent.');
  else console.log([...found, `${file} is valid: it would be deployed to run ${pkg.main}`].join('\n'));
  if (!pkg) process.exitCode = 1;
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
