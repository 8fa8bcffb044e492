import { createHash } from 'node:crypto';
import { createEvaluator, ExpressionError, loadForStep, ProcessFault } from '@runnel/cwl';
import type { EvaluateJavaScript, Json, JsonObject } from '@runnel/cwl';
import { containsReference, resolveValue, resolveValues, stored } from '@runnel/engine';
import type { AcceptedRun, EvaluationRequest, FailureInfo, RunValue } from '@runnel/engine';
import { ObjectNotFound, putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { largestValueBytes } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { valuesPrefix } from '../runs/messages-of.ts';
import { objectFiles } from './object-files.ts';

export type Outcome = { value: RunValue } | { failure: FailureInfo };

export interface Answering {
  objects: ObjectStore;
  evaluate: EvaluateJavaScript;
  /** Reads a stored value. */
  read: (key: string) => Promise<Json>;
}

/** Evaluates one expression of a run. Rejects only for faults of the store or the pool: everything else is an outcome. */
export async function answerRequest(request: EvaluationRequest, accepted: AcceptedRun, answering: Answering): Promise<Outcome> {
  try {
    const value = await evaluateRequest(request, accepted, answering);
    if (containsReference(value))
      return failed('expression', `${request.path}: the value names objects of the store, which only Runnel may do`);
    return { value: await keepSmall(value, request, accepted, answering.objects) };
  } catch (error) {
    if (error instanceof ExpressionError) return failed('expression', error.message);
    if (error instanceof ProcessFault) return failed('inputs', error.message);
    if (error instanceof ObjectNotFound) return failed('infrastructure', `${request.path}: a stored value is gone: ${error.message}`);
    throw error;
  }
}

const failed = (kind: string, reason: string): Outcome => ({ failure: { class: kind, reason: reason.slice(0, 4000) } });

async function evaluateRequest(request: EvaluationRequest, accepted: AcceptedRun, { objects, evaluate, read }: Answering): Promise<Json> {
  const { template, cwlVersion, library, acceptedAt: now, seed, path, load = {}, selfInput } = request;
  const inputs: JsonObject = await resolveValues(request.context.inputs, read);
  const self = await resolveValue(request.context.self, read);
  const files = objectFiles({
    objects,
    workspace: accepted.workspace,
    owner: accepted.process.workspace,
    authorised: accepted.inputs,
    path,
  });
  for (const [name, what] of Object.entries(load)) inputs[name] = await loadForStep(inputs[name] ?? null, what, files, cwlVersion, path);
  const javascript = request.javascript ? { library, evaluate, now, seed } : undefined;
  const evaluator = createEvaluator({ cwlVersion, ...(javascript ? { javascript } : {}) });
  // What was loaded for an input is seen through `self` too.
  return evaluator(template, { inputs, self: selfInput === undefined ? self : (inputs[selfInput] ?? null) }, path);
}

/** A value too large for an event becomes an object. */
async function keepSmall(
  value: Json,
  { key }: EvaluationRequest,
  { workspace, run }: AcceptedRun,
  objects: ObjectStore,
): Promise<RunValue> {
  if (Buffer.byteLength(JSON.stringify(value)) <= largestValueBytes) return value;
  const name = `${valuesPrefix(workspace, run, 'evaluations')}/${createHash('sha256').update(key).digest('hex')}.json`;
  crashPoint('scheduler.before-value-put');
  await putValue(objects, name, value);
  crashPoint('scheduler.after-value-put');
  return stored({ key: name, ...(Array.isArray(value) ? { length: value.length } : {}) });
}
