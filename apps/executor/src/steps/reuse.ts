import { hash } from 'node:crypto';
import { StepFinished } from '@runnel/contracts';
import { inputsByContent, reuseMeaning, stableText, visitPathValues } from '@runnel/cwl';
import type { CwlPackage, Json, Requirement } from '@runnel/cwl';
import { containsReference, resolveValues } from '@runnel/engine';
import type { RunValues } from '@runnel/engine';
import { isFreshContent, ObjectNotFound, readValue, type ObjectStore } from '@runnel/objects';
import { crashPoint, type Logger } from '@runnel/service';
import { attemptIdOf, resultKey, type StepRequest } from './attempt.ts';
import type { AttemptsPorts } from './attempts.ts';
import { readOwn, type StoredValues } from './carry-out-step.ts';
import type { StepResult } from './report.ts';
import { storeLargeOutputs } from './store-large-outputs.ts';

/** Changes with what a step of the same tool and inputs gives. */
const engine = 1;
/** Bytes of the results of one run, and of one result. */
const listBytes = 256 * 1024 * 1024;
const resultBytes = 16 * 1024 * 1024;
/** Lists of results that are kept in memory. */
const lists = 8;

export interface ReuseOptions {
  store: ObjectStore;
  values: StoredValues;
  packages: (workspace: string, digest: string) => Promise<CwlPackage>;
  backend: string;
  executor: string;
  logger: Logger;
}

/**
 * Steps of a run that goes on from another one take the results of that one's steps where the same would be done with the same inputs; every
 * result says by its key what was done. Where anything about that fails, the step is carried out.
 */
export function withReuse(options: ReuseOptions, carryOut: AttemptsPorts['carryOut']): AttemptsPorts['carryOut'] {
  const resultsOf = openLists(options.store);
  return async (request, signal, toolEnded) => {
    const warn = (error: unknown): undefined => {
      options.logger.warn({ error, run: request.run, step: request.step }, 'no result is reused: the step is carried out');
      return undefined;
    };
    const key = await keyOf(options, request).catch(warn);
    const found = key === undefined ? undefined : await find(options, resultsOf, request, key).catch(warn);
    if (found) {
      toolEnded();
      return found;
    }
    const result = await carryOut(request, signal, toolEnded);
    return 'waiting' in result || result.outcome !== 'success' || key === undefined ? result : { ...result, reuseKey: key };
  };
}

/** What the step is to do with which inputs; undefined: its result is not for others. */
async function keyOf({ store, values, packages, backend }: ReuseOptions, request: StepRequest): Promise<string | undefined> {
  const { workspace, process, secrets, images } = request;
  // What it was given may be another one by now, and is nobody else's.
  if (secrets === true) return undefined;
  const tool = (await packages(process.workspace, process.digest)).processes[process.id];
  const scope = { requirements: request.requirements as Requirement[], hints: request.hints as Requirement[] };
  const meant = tool && reuseMeaning(tool, scope);
  // A token of the run is a secret that it was given.
  if (!meant || stableText(meant).includes('<<REPLACE>>')) return undefined;
  const given = request.inputs as RunValues;
  const inputs = containsReference(given) ? await resolveValues(given, (key) => readOwn(values, workspace, key)) : given;
  const content = await inputsByContent(inputs, (_value, location) => contentOf(store, workspace, location));
  return content === undefined
    ? undefined
    : hash('sha256', stableText({ engine, backend, ...meant, ...(images && { images }), inputs: content }));
}

/** An intermediate file is named by its content; of others the tag changes with it. */
async function contentOf(store: ObjectStore, workspace: string, location: string): Promise<string | undefined> {
  if (!location.startsWith('runnel:')) return undefined;
  const key = location.slice('runnel:'.length);
  if (key.startsWith(`${workspace}/objects/`)) return key;
  return (await store.head(key))?.etag;
}

/** Keys of result objects by what their steps did. */
type Results = ReadonlyMap<string, string>;

function openLists(store: ObjectStore): (workspace: string, key: string) => Promise<Results> {
  const known = new Map<string, Promise<Results>>();
  const read = async (workspace: string, key: string): Promise<Results> => {
    if (!key.startsWith(`${workspace}/`)) throw new Error(`${key} lies outside workspace ${workspace}`);
    return new Map(Object.entries((await readValue(store, key, listBytes)) as Record<string, string>));
  };
  return (workspace, key) => {
    const reading = known.get(key) ?? read(workspace, key);
    reading.catch(() => known.delete(key));
    known.delete(key);
    known.set(key, reading);
    const [oldest] = known.keys();
    if (known.size > lists && oldest !== undefined) known.delete(oldest);
    return reading;
  };
}

async function find(
  { store, values, executor }: ReuseOptions,
  resultsOf: ReturnType<typeof openLists>,
  request: StepRequest,
  key: string,
): Promise<StepResult | undefined> {
  if (request.reuse === undefined) return undefined;
  const { workspace } = request;
  const place = (await resultsOf(workspace, request.reuse)).get(key);
  const earlier = place === undefined ? undefined : await readResult(store, workspace, place);
  if (earlier?.outcome !== 'success') return undefined;
  const outputs = await resolveValues(earlier.outputs, (stored) => readOwn(values, workspace, stored));
  if (!(await keepContent(store, workspace, outputs))) return undefined;
  const at = new Date().toISOString();
  const usage = { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, cores: 0, memoryMiB: 0, inputBytes: 0, outputBytes: 0 };
  return {
    ...attemptIdOf(request),
    executor,
    startedAt: at,
    finishedAt: at,
    outcome: 'success',
    outputs: await storeLargeOutputs(store, attemptIdOf(request), outputs),
    result: resultKey(request),
    usage,
    logs: [],
    reuseKey: key,
    reused: { run: earlier.run, step: earlier.step, attempt: earlier.attempt },
  };
}

/** Of a run that was deleted there is none any more. */
async function readResult(store: ObjectStore, workspace: string, key: string): Promise<StepResult | undefined> {
  if (!key.startsWith(`${workspace}/attempts/`)) throw new Error(`${key} is no result of workspace ${workspace}`);
  try {
    return StepFinished.schema.parse(await readValue(store, key, resultBytes));
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

/**
 * Whether all files of these outputs are there, and will be: what is not fresh is put again, as a step would that makes it anew, so that the garbage
 * collection spares it until the news of this step has touched it.
 */
async function keepContent(store: ObjectStore, workspace: string, outputs: RunValues): Promise<boolean> {
  const keys = new Set<string>();
  let strange = false;
  const look = (value: Json): void => {
    visitPathValues(value, ({ location }) => {
      if (typeof location !== 'string') return;
      if (location.startsWith(`runnel:${workspace}/objects/`)) keys.add(location.slice('runnel:'.length));
      else strange = true;
    });
  };
  Object.values(outputs).forEach(look);
  if (strange) return false;
  for (const key of keys) {
    const info = await store.head(key);
    if (!info) return false;
    if (!isFreshContent(info, Date.now())) await putAgain(store, key);
  }
  return true;
}

async function putAgain(store: ObjectStore, key: string): Promise<void> {
  const { body } = await store.get(key);
  crashPoint('executor.reuse.before-put');
  await store.put(key, body, { derived: true });
  crashPoint('executor.reuse.after-put');
}
