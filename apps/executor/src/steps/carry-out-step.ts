import { join } from 'node:path';
import { hash } from 'node:crypto';
import { Failure, type FailureClass } from '@runnel/contracts';
import type { CwlPackage, Json, Requirement } from '@runnel/cwl';
import { containsReference, resolveValues } from '@runnel/engine';
import type { ObjectStore } from '@runnel/objects';
import { carryOut, type Spawner, type StepOutcome, type StepPorts } from '@runnel/sandbox';
import { attemptIdOf, attemptName, logPrefix, resultKey, type StepRequest } from './attempt.ts';
import { objectExchange } from './object-exchange.ts';
import { objectFiles } from './object-files.ts';
import type { StepResult } from './report.ts';
import type { AskSecrets } from './ask-secrets.ts';
import { givingSecrets, secretsOf } from './attempt-secrets.ts';
import { imageChooser } from './choose-image.ts';
import { createConcealment, type Concealment } from './concealment.ts';
import { givingTokens } from './run-tokens.ts';
import { openStepLog } from './step-log.ts';
import { storeLargeOutputs } from './store-large-outputs.ts';
import type { WorkFolders } from './work-folders.ts';

/** Reads a stored value by its key. */
export type StoredValues = (key: string) => Promise<Json>;

export interface StepSurroundings extends Omit<StepPorts, 'exchange' | 'inputFiles' | 'onLog' | 'signal'> {
  store: ObjectStore;
  values: StoredValues;
  packages: (workspace: string, digest: string) => Promise<CwlPackage>;
  executor: string;
  /** Attempts work below it, each in a folder of its own that is removed at the end. */
  workRoot: string;
  folders: WorkFolders;
  tail: (request: StepRequest, offset: number, text: string) => void;
  /** Signs tokens of runs. */
  runTokenKey?: string | undefined;
  askSecrets: AskSecrets;
}

/**
 * Carries out one attempt from its request to its result. Never rejects: faults of our own are results of class `infrastructure`. `toolEnded` is
 * called when its process is gone, while what it left is still being collected.
 */
export async function carryOutStep(
  request: StepRequest,
  surroundings: StepSurroundings,
  signal: AbortSignal,
  toolEnded: () => void,
): Promise<StepResult> {
  const { store, executor, folders } = surroundings;
  const { workspace } = request;
  const directory = join(surroundings.workRoot, hash('sha256', attemptName(request)).slice(0, 20));
  const log = openStepLog({ store, prefix: logPrefix(request), tail: (offset, text) => surroundings.tail(request, offset, text) });
  const concealment = createConcealment();
  const masked = concealment.masking((chunk) => log.write(chunk));
  const begun = new Date().toISOString();
  let outcome: StepOutcome;
  try {
    await folders.take(workspace, directory);
    outcome = await attemptOnce(request, surroundings, { directory, signal, toolEnded, concealment, log: masked.write });
    outcome.outputs = await storeLargeOutputs(store, attemptIdOf(request), refuseReferences(outcome.outputs));
  } catch (error) {
    outcome = infrastructureFault(begun, error);
  }
  folders.giveBack(workspace, directory);
  masked.end();
  const logs = await log.end().catch(() => []);
  return resultOf(request, { executor, outcome, logs, concealment });
}

/** An outcome as the executor tells it. */
export function resultOf(
  request: StepRequest,
  { executor, outcome, logs, concealment }: { executor: string; outcome: StepOutcome; logs: StepResult['logs']; concealment: Concealment },
): StepResult {
  const { startedAt, finishedAt, outputs, usage, failure } = outcome;
  return {
    ...attemptIdOf(request),
    executor,
    startedAt,
    finishedAt,
    outcome: outcome.outcome,
    ...(failure === undefined ? {} : { failure: withoutSecrets(concealment, failure) }),
    outputs,
    result: resultKey(request),
    usage,
    logs,
  };
}

function withoutSecrets({ hide }: Concealment, { logTail, ...failure }: NonNullable<StepOutcome['failure']>): Failure {
  const reason = hide(failure.reason).slice(0, 4000);
  return Failure.parse({ ...failure, reason, ...(logTail === undefined ? {} : { logTail: hide(logTail) }) });
}

interface Attempt {
  directory: string;
  signal: AbortSignal;
  toolEnded: () => void;
  log: (chunk: Buffer) => void;
  concealment: Concealment;
}

async function attemptOnce(request: StepRequest, surroundings: StepSurroundings, attempt: Attempt): Promise<StepOutcome> {
  const {
    store,
    values,
    packages,
    executor: _executor,
    workRoot: _workRoot,
    folders: _folders,
    tail: _tail,
    runTokenKey,
    askSecrets,
    onWarning,
    ...ports
  } = surroundings;
  const { workspace, process, run, step } = request;
  const cwl = await packages(process.workspace, process.digest);
  const { concealment } = attempt;
  const secrets = await secretsOf(request, askSecrets, concealment);
  const inputs = secrets.reveal(await resolveValues(request.inputs, (key) => readOwn(values, workspace, key)));
  const spawner = givingTokens(givingSecrets(ports.spawner, secrets), { key: runTokenKey, request, concealment, now: Date.now() });
  const outcome = await carryOut(
    {
      package: cwl,
      process: process.id,
      inputs,
      requirements: request.requirements as Requirement[],
      hints: request.hints as Requirement[],
      directory: attempt.directory,
      name: step,
      acceptedAt: request.acceptedAt,
      seed: `${run}/${step}`,
    },
    {
      ...ports,
      spawner: telling(spawner, attempt.toolEnded),
      chooseImage: imageChooser(request),
      ...(onWarning && { onWarning: (text: string) => onWarning(concealment.hide(text)) }),
      exchange: objectExchange(store, workspace),
      inputFiles: (mayBringIn) => objectFiles(store, mayBringIn),
      onLog: attempt.log,
      signal: attempt.signal,
    },
  );
  return { ...outcome, outputs: secrets.conceal(outcome.outputs) };
}

function telling(spawner: Spawner, toolEnded: () => void): Spawner {
  return {
    ...spawner,
    run(spawned, hooks) {
      const tool = spawner.run(spawned, hooks);
      tool.result.then(toolEnded, toolEnded);
      return tool;
    },
  };
}

/** Only values of the run's own workspace: a reference is written by services, but costs nothing to check. */
export async function readOwn(values: StoredValues, workspace: string, key: string): Promise<Json> {
  if (!key.startsWith(`${workspace}/`)) throw new Error(`the stored value ${key} lies outside workspace ${workspace}`);
  return values(key);
}

/** A tool's output that looks like one of our references would name objects that it may not read. */
export function refuseReferences(outputs: StepOutcome['outputs']): StepOutcome['outputs'] {
  for (const [name, value] of Object.entries(outputs)) {
    if (containsReference(value))
      throw new Error(`output ${name} holds a "$stored" or "$chunks" object, which only Runnel itself may write`);
  }
  return outputs;
}

export function infrastructureFault(startedAt: string, error: unknown): StepOutcome {
  const reason = `the executor could not carry it out: ${error instanceof Error ? error.message : String(error)}`;
  const failureClass: FailureClass = 'infrastructure';
  const usage = { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, cores: 0, memoryMiB: 0, inputBytes: 0, outputBytes: 0 };
  return {
    outcome: 'failed',
    outputs: {},
    failure: { class: failureClass, reason },
    startedAt,
    finishedAt: new Date().toISOString(),
    usage,
  };
}
