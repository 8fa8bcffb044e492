import type { V1Pod } from '@kubernetes/client-node';
import { exitMeaning, type CommandLineTool } from '@runnel/cwl';
import { buildPod, namespaceOf, placedBy, podTimeline, type ClusterSettings, type HostAlias } from '@runnel/kube-pod';
import { ObjectNotFound, putValue, readValue, type ObjectStore } from '@runnel/objects';
import { describeFault, toolFailure, type StepFailure, type StepOutcome } from '@runnel/sandbox';
import type { StepRequest } from '../steps/attempt.ts';
import type { OpenStepLog } from '../steps/step-log.ts';
import type { Cluster } from './cluster.ts';
import type { CollectedStep } from './collect-step.ts';
import { followLog } from './follow-log.ts';
import { collectedKey, planKey, podName } from './keys.ts';
import { imageOf, podResources, type PodDefaults } from './pod-choices.ts';
import type { PodWatch } from './pod-watch.ts';
import type { PreparedStep } from './prepare-step.ts';
import { Left, makePod, runPod, type PodEnd } from './run-pod.ts';

export interface ClusterSurroundings {
  cluster: Cluster;
  watch: PodWatch;
  store: ObjectStore;
  shard: string;
  settings: ClusterSettings;
  defaults: PodDefaults;
  /** Namespace, account, quota and policies of a workspace; once per workspace. */
  ensureNamespace: (workspace: string) => Promise<void>;
  prepare: (request: StepRequest) => Promise<PreparedStep>;
  tooLarge: Parameters<typeof runPod>[1]['tooLarge'];
  /** Whether the shard is still ours. */
  mayStart: () => boolean;
  /** Names that pods find without DNS. */
  hostAliases: () => Promise<readonly HostAlias[]>;
}

/** A step that cannot begin now, and why. */
export interface Waiting {
  waiting: string;
}

/** Seconds that the containers of a pod have for their end. */
export const stopGrace = 5;

/**
 * Carries out one attempt of a tool in a pod, or goes on with the pod that it has already. Where the signal is aborted the pod is deleted and its
 * end awaited, unless the reason is `Left`: then it is left to whoever has the shard next.
 */
export async function carryOutOnCluster(
  request: StepRequest,
  surroundings: ClusterSurroundings,
  log: OpenStepLog,
  signal: AbortSignal,
): Promise<StepOutcome | Waiting> {
  const begun = new Date().toISOString();
  let prepared: PreparedStep;
  try {
    prepared = await surroundings.prepare(request);
  } catch (error) {
    return failedOutcome(begun, describeFault(request.step, error, 'inputs'));
  }
  try {
    return await inPod(prepared, surroundings, log, signal);
  } catch (error) {
    if (!signal.aborted || error instanceof Left) throw error;
    await ensureGone(surroundings, request);
    return failedOutcome(begun, { class: 'stopped', reason: `${request.step}: stopped` }, prepared);
  }
}

async function inPod(
  prepared: PreparedStep,
  surroundings: ClusterSurroundings,
  log: OpenStepLog,
  signal: AbortSignal,
): Promise<StepOutcome | Waiting> {
  const { request } = prepared;
  const { cluster, watch, store, defaults } = surroundings;
  const begun = new Date().toISOString();
  const fail = (failure: StepFailure): StepOutcome =>
    failedOutcome(begun, { ...failure, reason: `${request.step}: ${failure.reason}` }, prepared);
  const choice = chosenImage(prepared, defaults);
  if ('failure' in choice) return fail(choice.failure);
  const name = podName(request);
  const namespace = namespaceOf(request.workspace);
  const tellTimeline = once((pod: V1Pod) => podTimeline(pod), log.tell);
  const follower = followLog(cluster, { namespace, name }, (chunk) => log.write(chunk));
  const ports = {
    cluster,
    watch,
    tooLarge: surroundings.tooLarge,
    mayStart: surroundings.mayStart,
    imagePatience: defaults.imagePatienceSeconds,
    onWaiting: log.tell,
    onRunning: (pod: V1Pod) => {
      tellTimeline(pod);
      follower.begin();
    },
  };
  const pod = podOf(prepared, { image: choice.image, hostAliases: await surroundings.hostAliases() }, surroundings);
  if (watch.get(name) === undefined) {
    // Written before the pod is made: whoever finds the pod finds what it is for.
    await putValue(store, planKey(request), { version: 1, request });
    await surroundings.ensureNamespace(request.workspace);
    const made = await makePod(pod, ports, signal);
    if (made !== 'made')
      return 'waiting' in made ? made : fail({ class: 'infrastructure', reason: `the cluster refuses its pod: ${made.refused}` });
  }
  try {
    const end = await runPod(pod, ports, signal);
    await follower.end();
    if (end.state === 'failed') return fail(end.failure);
    return settle(prepared, end, {
      collected: await readCollected(store, request),
      logTail: log.tailText(),
      memoryLimitMiB: podResources(prepared, defaults).memoryLimitMiB,
    });
  } finally {
    follower.stop();
  }
}

function chosenImage(prepared: PreparedStep, defaults: PodDefaults): ReturnType<typeof imageOf> {
  try {
    return imageOf(prepared, defaults);
  } catch (error) {
    return { failure: describeFault(prepared.request.step, error, 'image') };
  }
}

/** Tells what is known of something at the first time that anything is. */
function once<T>(known: (of: T) => string | undefined, tell: (text: string) => void): (of: T) => void {
  let told = false;
  return (of) => {
    const text = told ? undefined : known(of);
    if (text === undefined) return;
    told = true;
    tell(text);
  };
}

function podOf(
  prepared: PreparedStep,
  { image, hostAliases }: { image: string; hostAliases: readonly HostAlias[] },
  { shard, settings, defaults }: ClusterSurroundings,
): ReturnType<typeof buildPod> {
  const { request, command } = prepared;
  const { workspace, run, step, attempt } = request;
  return buildPod({
    name: podName(request),
    attempt: { workspace, run, step, attempt },
    shard,
    image,
    resources: podResources(prepared, defaults),
    network: command.network,
    workspacePods: placedBy(settings(workspace), request),
    secrets: request.secrets === true,
    stageImage: defaults.stageImage,
    stagingUrl: defaults.stagingUrl,
    hostAliases,
    patienceSeconds: defaults.patienceSeconds,
    outdir: prepared.outdir,
    mounts: prepared.mounts,
    deadlineSeconds: (prepared.stage.wrap.timeLimitSeconds ?? defaults.timeLimitSeconds) + defaults.deadlineMarginSeconds,
  });
}

async function readCollected(store: ObjectStore, request: StepRequest): Promise<CollectedStep | undefined> {
  try {
    return (await readValue(store, collectedKey(request), 64 * 1024 * 1024)) as CollectedStep;
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

interface Found {
  collected: CollectedStep | undefined;
  logTail: string;
  memoryLimitMiB: number;
}

/** The kubelet's word on how the tool ended, and what its uploader collected, as one outcome. */
function settle(
  prepared: PreparedStep,
  end: Extract<PodEnd, { state: 'ended' }>,
  { collected, logTail, memoryLimitMiB }: Found,
): StepOutcome {
  const { request, command } = prepared;
  const { exitCode, startedAt, finishedAt } = end;
  const exit = collected?.exit;
  const byKubelet = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const usage = {
    ...requested(prepared),
    // The kubelet tells whole seconds; the tool's own figure is finer, and taken where it agrees.
    wallSeconds: exit !== undefined && Math.abs(exit.wallSeconds - byKubelet) <= 2 ? exit.wallSeconds : byKubelet,
    cpuSeconds: exit?.cpuSeconds ?? 0,
    maxMemoryBytes: exit?.maxMemoryBytes ?? 0,
    outputBytes: collected?.outputBytes ?? 0,
  };
  const outcome = (failure?: StepFailure): StepOutcome => ({
    outcome: failure === undefined ? 'success' : 'failed',
    outputs: failure === undefined ? (collected?.outputs ?? {}) : {},
    ...(failure !== undefined && { failure }),
    startedAt,
    finishedAt,
    usage,
  });
  const fault = exit?.fault;
  if (end.outOfMemory || exit?.limit !== undefined || exitMeaning(exitCode, command) !== 'success') {
    const limit = end.outOfMemory ? ('memory' as const) : exit?.limit;
    const signal = exit?.signal ?? (exitCode === 137 ? 'SIGKILL' : undefined);
    const { wallSeconds, cpuSeconds, maxMemoryBytes } = usage;
    const result = { exitCode, wallSeconds, cpuSeconds, maxMemoryBytes, logTail, logBytes: 0, logGap: 0 };
    const failure = toolFailure(
      request.step,
      { ...result, ...(signal !== undefined && { signal }), ...(limit !== undefined && { limit }) },
      { timeLimit: prepared.stage.wrap.timeLimitSeconds ?? 0, memoryLimitMiB },
    );
    return outcome(fault === undefined ? failure : { ...failure, reason: `${request.step}: ${fault}` });
  }
  if (collected === undefined)
    return outcome({ class: 'infrastructure', reason: `${request.step}: its pod ended without telling what it left` });
  if (exit?.exitCode !== exitCode)
    return outcome({
      class: 'outputs',
      reason: `${request.step}: what it says of its own end (${exit?.exitCode}) is not what the node saw (${exitCode})`,
    });
  return outcome(collected.failure);
}

function requested(prepared: PreparedStep): StepOutcome['usage'] {
  const { coresMin, ramMin } = prepared.resources;
  const none = { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, outputBytes: 0 };
  return { ...none, cores: coresMin, memoryMiB: ramMin, inputBytes: prepared.inputBytes };
}

function failedOutcome(startedAt: string, failure: StepFailure, prepared?: PreparedStep): StepOutcome {
  const none = { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, cores: 0, memoryMiB: 0, inputBytes: 0, outputBytes: 0 };
  const usage = prepared === undefined ? none : requested(prepared);
  return { outcome: 'failed', outputs: {}, failure, startedAt, finishedAt: new Date().toISOString(), usage };
}

/** Deletes an attempt's pod, if it has one, and resolves when the cluster confirms that it is gone. */
export async function ensureGone(
  { cluster, watch }: Pick<ClusterSurroundings, 'cluster' | 'watch'>,
  id: StepRequest | (Parameters<typeof podName>[0] & { workspace: string }),
): Promise<void> {
  const name = podName(id);
  if (watch.get(name) === undefined) return;
  await cluster.deletePod(namespaceOf(id.workspace), name, stopGrace);
  await watch.untilGone(name);
}

/** What runs in a pod: everything else is carried out here. */
export const isTool = (process: { class: string } | undefined): process is CommandLineTool => process?.class === 'CommandLineTool';
