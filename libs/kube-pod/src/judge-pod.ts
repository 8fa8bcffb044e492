import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { Failure } from '@runnel/contracts';
import { containers } from './names.ts';

/** What the cluster says of an attempt's pod. Times and exit code are the kubelet's: the tool cannot write them. */
export type PodVerdict =
  | { state: 'waiting'; reason: string; pending?: 'schedule' | 'image' }
  /** `unheard`: its node was not heard of lately. */
  | { state: 'running'; unheard?: true }
  | { state: 'ended'; exitCode: number; outOfMemory: boolean; startedAt: string; finishedAt: string }
  | { state: 'failed'; failure: Pick<Failure, 'class' | 'reason'> };

type Failed = Extract<PodVerdict, { state: 'failed' }>;

const failed = (failureClass: Failure['class'], reason: string): Failed => ({ state: 'failed', failure: { class: failureClass, reason } });

/** Exit code of our own programs where something was away for longer than they wait (deploy/stage/README.md). */
const away = 10;

export function judgePod(pod: V1Pod): PodVerdict {
  const { status } = pod;
  if (status === undefined) return { state: 'waiting', reason: 'the cluster has it' };
  const lost = podFault(pod);
  if (lost) return lost;
  const stage = (status.initContainerStatuses ?? []).find(({ name }) => name === containers.stage);
  const upload = statusOf(pod, containers.upload);
  const tool = statusOf(pod, containers.tool);
  for (const container of [stage, upload, tool]) {
    const waiting = container && waitingVerdict(container);
    if (waiting) return waiting;
  }
  const staged = stage?.state?.terminated;
  if (staged && staged.exitCode !== 0) return ourFault('staging in', staged.exitCode, staged.message, 'inputs');
  const ended = tool?.state?.terminated;
  const uploaded = upload?.state?.terminated;
  if (ended && uploaded) {
    if (ended.reason === 'StartError' || ended.reason === 'ContainerCannotRun')
      return failed('image', `its container could not be started: ${said(ended.message)}`);
    if (ended.reason === 'ContainerStatusUnknown') return failed('infrastructure', 'its node lost track of it');
    // Deleted by others than us: we do it when this is over.
    if (pod.metadata?.deletionTimestamp !== undefined && ended.exitCode !== 0)
      return failed('infrastructure', 'its pod was deleted from outside');
    const outOfMemory = ended.reason === 'OOMKilled';
    // A tool that failed has its own reason; that its outputs could not be kept as well says nothing more.
    if (uploaded.exitCode !== 0 && ended.exitCode === 0) return ourFault('staging out', uploaded.exitCode, uploaded.message, 'outputs');
    const startedAt = timeOf(ended.startedAt);
    return { state: 'ended', exitCode: ended.exitCode, outOfMemory, startedAt, finishedAt: timeOf(ended.finishedAt) };
  }
  if (status.phase === 'Failed' || status.phase === 'Succeeded')
    return failed('infrastructure', `its pod ended without its containers: ${said(status.message ?? status.reason)}`);
  const unscheduled = (status.conditions ?? []).find(({ type, status: held }) => type === 'PodScheduled' && held === 'False');
  if (unscheduled) return { state: 'waiting', reason: `waits for a node: ${said(unscheduled.message)}`, pending: 'schedule' };
  if (status.phase === 'Running') return isUnheard(pod) ? { state: 'running', unheard: true } : { state: 'running' };
  return { state: 'waiting', reason: stage?.state?.running ? 'its inputs are brought' : 'its node starts it' };
}

/**
 * A kubelet that knows of containers that are ready calls their pod ready; only the cluster's own controller, which misses the kubelet, does not.
 * Where it misses all nodes of a zone it does no more than this: pods are not evicted then.
 */
function isUnheard({ status }: V1Pod): boolean {
  const holds = (wanted: string): string | undefined => status?.conditions?.find(({ type }) => type === wanted)?.status;
  return holds('Ready') === 'False' && holds('ContainersReady') === 'True';
}

/** What is told of a step whose node is not heard of. */
export const nodeLost = failed('infrastructure', 'its node was lost: nothing was heard of it');

/** Whether something of the pod may still run. */
export function mayRun({ status }: V1Pod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return containers.some(({ state }) => state?.running !== undefined);
}

/** Milliseconds for which a pod whose step has ended stays; `now`: milliseconds since 1970. */
export function staysFor(pod: V1Pod, keepFailedMinutes: number, now: number): number {
  const verdict = judgePod(pod);
  // What still runs or waits is ended by its removal. The phase is told after the ends of the containers.
  const isOver = verdict.state === 'ended' || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
  if (!isOver || (verdict.state === 'ended' && verdict.exitCode === 0)) return 0;
  const ended = statusOf(pod, containers.tool)?.state?.terminated?.finishedAt;
  return Math.max(0, Date.parse(timeOf(ended ?? pod.metadata?.creationTimestamp)) + keepFailedMinutes * 60_000 - now);
}

function statusOf(pod: V1Pod, name: string): V1ContainerStatus | undefined {
  return (pod.status?.containerStatuses ?? []).find((container) => container.name === name);
}

/** What befell the pod as a whole. */
function podFault({ status, metadata }: V1Pod): Failed | undefined {
  const { reason, message } = status ?? {};
  switch (reason) {
    case undefined:
      break;
    case 'Evicted':
      // A node that is low on disk names ephemeral storage too, and evicts whom it likes.
      return /exceeds the (total )?limit|exceeded its/i.test(message ?? '')
        ? failed('output-limit', `it wrote more than it may: ${said(message)}`)
        : failed('infrastructure', `its node evicted it: ${said(message)}`);
    case 'DeadlineExceeded':
      return failed('time-limit', 'its pod ran for longer than its time limit and was ended by the cluster');
    case 'NodeLost':
      return failed('infrastructure', 'its node was lost');
    default:
      if (status?.phase === 'Failed') return failed('infrastructure', `its node did not keep it (${reason}): ${said(message)}`);
  }
  const disrupted = (status?.conditions ?? []).find(({ type, status: held }) => type === 'DisruptionTarget' && held === 'True');
  if (disrupted?.reason === 'DeletionByTaintManager') return nodeLost;
  if (disrupted && metadata?.deletionTimestamp !== undefined)
    return failed('infrastructure', `it was moved off its node (${disrupted.reason}): ${said(disrupted.message)}`);
  return undefined;
}

const pullFaults = ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'ImageInspectError', 'SignatureValidationFailed'];
const createFaults = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

function waitingVerdict({ state, image }: V1ContainerStatus): PodVerdict | undefined {
  const { reason = '', message } = state?.waiting ?? {};
  if (reason === 'InvalidImageName') return failed('image', `${image} is no name of an image`);
  if (reason === 'ErrImageNeverPull') return failed('image', `the image ${image} is not on the node, and may not be pulled`);
  if (createFaults.includes(reason)) return failed('image', `its container could not be made: ${said(message)}`);
  if (!pullFaults.includes(reason)) return undefined;
  const text = message ?? '';
  if (/not found|manifest unknown|does not exist|NAME_UNKNOWN/i.test(text) && !/no such host|lookup /i.test(text))
    return failed('image', `there is no image ${image}: ${said(text)}`);
  if (/unauthorized|authorization failed|denied|forbidden|authentication required/i.test(text))
    return failed('image', `the registry does not give the image ${image} to this workspace: ${said(text)}`);
  return { state: 'waiting', reason: `the image ${image} cannot be pulled now: ${said(text)}`, pending: 'image' };
}

function ourFault(what: string, exitCode: number, message: string | undefined, final: Failure['class']): Failed {
  if (exitCode === away) return failed('staging', `${what}: ${said(message)}`);
  if (exitCode > 128) return failed('infrastructure', `${what} was killed (exit code ${exitCode})`);
  return failed(final, `${what}: ${said(message)}`);
}

/** The last line, short: messages of the kubelet carry whole logs. */
function said(message: string | undefined): string {
  const lines = (message ?? '').trim().split('\n');
  return (lines.at(-1) ?? '').slice(0, 500) || 'no reason was given';
}

/** A list brings dates, a watch text. */
function timeOf(time: Date | string | undefined): string {
  return time === undefined ? new Date(0).toISOString() : new Date(time).toISOString();
}
