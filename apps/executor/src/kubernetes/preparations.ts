import { resolveValues } from '@runnel/engine';
import { ObjectNotFound, readValue, type ObjectStore } from '@runnel/objects';
import { describeFault, StepFault } from '@runnel/sandbox';
import type { BackendContext } from '../backend.ts';
import { attemptName, type AttemptId, type StepRequest } from '../steps/attempt.ts';
import { secretsOf } from '../steps/attempt-secrets.ts';
import { readOwn } from '../steps/carry-out-step.ts';
import { createConcealment } from '../steps/concealment.ts';
import { isTool } from './carry-out-on-cluster.ts';
import { planKey } from './keys.ts';
import type { PodDefaults } from './pod-choices.ts';
import { prepareStep, type PreparedStep } from './prepare-step.ts';
import { StagingRefused } from './staging-answers.ts';

/** Attempts whose preparation is kept. */
const kept = 500;

export interface Preparations {
  of: (request: StepRequest) => Promise<PreparedStep>;
  byId: (id: AttemptId) => Promise<PreparedStep>;
  forget: (id: AttemptId) => void;
}

/** Preparations of the attempts under way; those that another executor began are made from their stored plan. */
export function createPreparations(context: BackendContext, defaults: PodDefaults): Preparations {
  const { store } = context.surroundings;
  const known = new Map<string, Promise<PreparedStep>>();
  const of = (request: StepRequest): Promise<PreparedStep> => {
    const name = attemptName(request);
    const making = known.get(name) ?? prepare(request, context, defaults);
    known.set(name, making);
    making.catch(() => known.delete(name));
    const oldest = known.keys().next().value;
    if (known.size > kept && oldest !== undefined) known.delete(oldest);
    return making;
  };
  return {
    of,
    async byId(id) {
      const known_ = known.get(attemptName(id));
      if (known_) return known_;
      const request = await readRequest(store, id);
      if (request === undefined) throw new StagingRefused('there is no such attempt');
      return of(request);
    },
    forget: (id) => void known.delete(attemptName(id)),
  };
}

/** What an attempt was to do, from its stored plan. */
export async function readRequest(store: ObjectStore, id: AttemptId): Promise<StepRequest | undefined> {
  try {
    return ((await readValue(store, planKey(id), 64 * 1024 * 1024)) as { request: StepRequest }).request;
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

async function prepare(request: StepRequest, context: BackendContext, defaults: PodDefaults): Promise<PreparedStep> {
  const { store, values, packages, evaluateJavaScript, askSecrets } = context.surroundings;
  const { workspace, process } = request;
  const cwl = await packages(process.workspace, process.digest);
  const tool = cwl.processes[process.id];
  if (!isTool(tool)) throw new StagingRefused(`${process.id} is nothing that runs in a pod`);
  const concealment = createConcealment();
  const secrets = await secretsOf(request, askSecrets, concealment);
  const preparing = prepareStep({
    request,
    secrets,
    concealment,
    package: cwl,
    tool,
    inputs: secrets.reveal(await resolveValues(request.inputs, (key) => readOwn(values, workspace, key))),
    store,
    evaluateJavaScript,
    entrypointOf: (image) => defaults.images[image]?.entrypoint ?? [],
    defaultImage: defaults.image,
    timeLimitSeconds: defaults.timeLimitSeconds,
  });
  return preparing.catch((error: unknown) => {
    // Faults tell the inputs that they met, and go where nobody knows the secrets any more: results, logs, answers to pods.
    const { class: failure, reason } = describeFault('', error, 'inputs');
    throw new StepFault(failure, concealment.hide(reason.replace(/^: /, '')));
  });
}
