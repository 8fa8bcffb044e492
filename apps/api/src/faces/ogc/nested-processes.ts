import { createHash } from 'node:crypto';
import { checkPackage, nestedInput, nestProcesses, packDigestText } from '@runnel/cwl';
import type { CwlPackage, CwlType, Json, JsonObject, Nesting, Process } from '@runnel/cwl';
import type { FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { DeployedProcess } from '../../processes/find-process.ts';
import { packageKey } from '../../processes/packages.ts';
import { ogcBase } from './base.ts';
import { toInputObject } from './execute-inputs.ts';
import { fetchValues } from './fetch-values.ts';
import { badInputs } from './problems.ts';

/** Processes in one execution, and how deep they may lie in each other. */
const most = 20;
const deepest = 5;

interface Nested {
  readonly process: DeployedProcess;
  readonly inputs: JsonObject;
}

/**
 * Inputs that are outputs of other processes, `{process, inputs, outputs}` (OGC API - Processes - Part 3, nested processes): the execution becomes
 * one of a workflow around all of them, whose links are checked before anything runs. Undefined where there is none.
 */
export async function nestedExecution(
  context: ApiContext,
  request: FastifyRequest,
  process: DeployedProcess,
  inputs: JsonObject,
): Promise<Nested | undefined> {
  const { package: pkg } = await context.packages.get(process);
  const main = pkg.processes[process.entry];
  if (!main || !Object.entries(inputs).some(([id, value]) => isNested(value, main, id))) return undefined;
  refuseUnlessOwn(request, process, '');
  const reading: Reading = { context, request, values: {}, count: 0 };
  const nesting = await read(reading, process, inputs, []);
  const composed = nestProcesses(nesting);
  if (!composed) throw badInputs([{ path: '', message: 'two inputs of nested processes would have the same name' }]);
  const faults = checkPackage(composed).filter(({ severity }) => severity === 'error');
  if (faults.length > 0) throw badInputs(faults.map(({ path, message }) => ({ path, message })));
  return { process: await store(context, process, composed), inputs: reading.values };
}

interface Reading {
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  /** Inputs of all processes, by their names in the workflow around them. */
  readonly values: JsonObject;
  count: number;
}

async function read(reading: Reading, process: DeployedProcess, given: JsonObject, path: readonly string[]): Promise<Nesting> {
  reading.count += 1;
  const at = path.join('.');
  if (reading.count > most || path.length > deepest)
    throw badInputs([{ path: at, message: `at most ${most} processes are nested, ${deepest} deep` }]);
  const { context } = reading;
  const { package: pkg } = await context.packages.get(process);
  const main = pkg.processes[process.entry];
  if (!main) throw new Error(`the package of ${process.workspace}/${process.id} has no process ${process.entry}`);
  const from = new Map<string, { nesting: Nesting; output: string }>();
  const plain: JsonObject = {};
  for (const [id, value] of Object.entries(given)) {
    if (!main.inputs.some((input) => input.id === id))
      throw badInputs([{ path: nestedInput(path, id), message: `${process.id} has no such input` }]);
    if (isNested(value, main, id)) from.set(id, await readNested(reading, value, [...path, id]));
    else plain[id] = value;
  }
  const values = toInputObject(await fetchValues(context, plain, main), main);
  for (const [id, value] of Object.entries(values)) reading.values[nestedInput(path, id)] = value;
  return { package: pkg, entry: process.entry, from };
}

async function readNested(reading: Reading, value: NestedRequest, path: readonly string[]): Promise<{ nesting: Nesting; output: string }> {
  const { context, request } = reading;
  const at = path.join('.');
  const { workspace } = request.params as { workspace: string };
  const prefix = `${ogcBase(request, context.config.publicUrl)}/processes/`;
  const id = value.process.startsWith(prefix) ? value.process.slice(prefix.length) : value.process;
  const process = /^[\w.-]+$/.test(id) ? await context.processes.find(workspace, id) : undefined;
  if (!process)
    throw badInputs([{ path: at, message: `there is no process ${id} here: its id or its address below ${prefix} is expected` }]);
  refuseUnlessOwn(request, process, at);
  const nesting = await read(reading, process, value.inputs ?? {}, path);
  return { nesting, output: wantedOutput(nesting, value, at) };
}

/** Processes of others execute elsewhere, or with fewer rights, than those of one's own: one workflow around both has neither. */
function refuseUnlessOwn({ principal }: FastifyRequest, process: DeployedProcess, path: string): void {
  if (principal.kind === 'token' && process.workspace === principal.workspace) return;
  throw badInputs([
    { path, message: `${process.id} is not a process that was deployed in the caller's workspace: only those can be nested` },
  ]);
}

function wantedOutput({ package: pkg, entry }: Nesting, { outputs }: NestedRequest, path: string): string {
  const declared = (pkg.processes[entry]?.outputs ?? []).map(({ id }) => id);
  const named = Object.keys(outputs ?? {});
  const [only] = named.length === 0 ? declared : named;
  if (only !== undefined && declared.includes(only) && (named.length === 0 ? declared : named).length === 1) return only;
  throw badInputs([{ path, message: `exactly one output is expected in "outputs", of ${declared.join(', ')}` }]);
}

type NestedRequest = JsonObject & { process: string; inputs?: JsonObject; outputs?: JsonObject };

function isNested(value: Json, { inputs }: Pick<Process, 'inputs'>, id: string): value is NestedRequest {
  if (!isObject(value) || typeof value['process'] !== 'string') return false;
  if (!Object.keys(value).every((key) => ['process', 'inputs', 'outputs'].includes(key))) return false;
  if (![value['inputs'], value['outputs']].every((part) => part === undefined || isObject(part))) return false;
  const type = inputs.find((input) => input.id === id)?.type;
  return type !== undefined && !takesRecords(type);
}

/** There such a map may be the value itself. */
function takesRecords(type: CwlType): boolean {
  if (Array.isArray(type)) return type.some(takesRecords);
  return type === 'Any' || (typeof type === 'object' && type.type === 'record');
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Stands beside the packages of deployed processes, named by its content: the same request again finds it there. */
async function store({ objects }: ApiContext, process: DeployedProcess, composed: CwlPackage): Promise<DeployedProcess> {
  const text = packDigestText(composed);
  const digest = createHash('sha256').update(text).digest('hex');
  // no crash point: the run it belongs to is not accepted yet, and the same request finds it there.
  await objects.put(packageKey(process.workspace, digest), text, { contentType: 'application/json', derived: true });
  return { ...process, digest, entry: composed.main };
}
