import {
  bindInputs,
  completeInputs,
  evaluatorFor,
  loadAndCheck,
  parseInputs,
  requirementsInForce,
  type CwlPackage,
  type EvaluateJavaScript,
  type Diagnostic,
  type InputObject,
  type JsonObject,
  type Positions,
  type ReadDocument,
  type Requirement,
} from '@runnel/cwl';
import { localFiles } from '@runnel/sandbox';

import { readDocument, toAddress } from './addresses.ts';
import { CwlFault, describeDiagnostic, faultOf } from './fault.ts';
import { inputsFromFlags } from './input-flags.ts';
import type { CwlOptions } from './options.ts';

export interface LoadedProcess {
  package: CwlPackage;
  positions: Positions;
  /** The job, where it is a job that names its process (`cwl:tool`). */
  job?: string;
}

export interface LoadedJob {
  package: CwlPackage;
  inputs: JsonObject;
}

/** Loads and checks the process; warnings go to `note`. Throws CwlFault with a line per error. */
export async function loadProcess(
  named: string,
  note: (text: string) => void,
  { lenient = false, skipSchemas = false, read = readDocument }: { lenient?: boolean; skipSchemas?: boolean; read?: ReadDocument } = {},
): Promise<LoadedProcess> {
  const address = toAddress(named);
  let tool: string | undefined;
  const readOnce: ReadDocument = async (uri) => {
    const text = await read(uri);
    if (uri === address && text.includes('cwl:tool')) tool = toolOf(text, uri);
    return text;
  };
  let loaded = await loadAndCheck(address, readOnce, { lenient, skipSchemas });
  const isJob = loaded.package === undefined && tool !== undefined;
  if (isJob && tool !== undefined) loaded = await loadAndCheck(tool, read, { lenient, skipSchemas });
  for (const one of loaded.diagnostics) if (one.severity === 'warning') note(describeDiagnostic(one));
  if (loaded.package === undefined) throw faultOf(loaded.diagnostics);
  return { package: loaded.package, positions: loaded.positions, ...(isJob && { job: named }) };
}

/** The process that a job names. */
function toolOf(text: string, uri: string): string | undefined {
  const parsed = parseInputs(text, uri);
  return 'job' in parsed ? parsed.job.tool : undefined;
}

/** Reads job file and input flags and binds them to the process: what the engine is given. */
export async function loadJob(
  { package: pkg, positions }: LoadedProcess,
  options: CwlOptions,
  evaluateJavaScript: EvaluateJavaScript,
): Promise<LoadedJob> {
  const job: Pick<InputObject, 'inputs' | 'requirements'> & Partial<InputObject> =
    options.job === undefined ? { inputs: {}, requirements: [] } : await readJob(options.job, pkg);
  const main = pkg.processes[pkg.main];
  if (main === undefined) throw new CwlFault(`there is no process ${pkg.main}`);
  /** Where the job gives the input, else where the process declares it. */
  const placeOf = ({ path }: Diagnostic): Pick<Diagnostic, 'position'> => {
    const name = /^inputs\.([^.[]+)/.exec(path)?.[1] ?? '';
    const declared = main.inputs.find(({ id }) => id === name);
    const position = (Object.hasOwn(job.inputs, name) ? job.positionOf?.(name) : undefined) ?? (declared && positions(declared));
    return position === undefined ? {} : { position };
  };
  const given = { ...job.inputs, ...inputsFromFlags(options.inputFlags, main, options.basedir ?? '.') };
  const bound = bindInputs(main, given);
  if ('diagnostics' in bound) throw faultOf(bound.diagnostics.map((one) => ({ ...one, ...placeOf(one) })));
  const completedPackage = withRequirements(pkg, job.requirements);
  const process = completedPackage.processes[pkg.main] ?? main;
  const requirements = requirementsInForce(process);
  const evaluator = evaluatorFor(process, { requirements, evaluateJavaScript, now: new Date().toISOString(), seed: 'inputs' });
  const inputs = await completeInputs(bound.inputs, {
    parameters: process.inputs,
    cwlVersion: process.cwlVersion,
    requirements,
    evaluator,
    files: localFiles(),
    discoverSecondaryFiles: true,
  });
  return { package: completedPackage, inputs };
}

async function readJob(named: string, pkg: CwlPackage): Promise<InputObject> {
  const address = toAddress(named);
  const parsed = parseInputs(await readOrFail(address, named), address, { namespaces: pkg.namespaces });
  if ('diagnostics' in parsed) throw faultOf(parsed.diagnostics);
  return parsed.job;
}

async function readOrFail(address: string, named: string): Promise<string> {
  try {
    return await readDocument(address);
  } catch (error) {
    throw new CwlFault(`the job ${named} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `cwl:requirements` of the job count as the process's own and override those of the document. */
function withRequirements(pkg: CwlPackage, requirements: Requirement[]): CwlPackage {
  const main = pkg.processes[pkg.main];
  if (main === undefined || requirements.length === 0) return pkg;
  return { ...pkg, processes: { ...pkg.processes, [pkg.main]: { ...main, requirements: [...main.requirements, ...requirements] } } };
}
