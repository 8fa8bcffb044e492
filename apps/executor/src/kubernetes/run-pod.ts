import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { judgePod, lostAfter, nodeLost, type PodVerdict } from '@runnel/kube-pod';
import type { Cluster } from './cluster.ts';
import type { PodWatch } from './pod-watch.ts';

/** The executor ends or has lost its shard: the pod goes on without it. */
export class Left extends Error {
  override readonly name = 'Left';
}

/** How a pod ended, or why it never will. */
export type PodEnd = Extract<PodVerdict, { state: 'ended' | 'failed' }>;

interface RunPorts {
  cluster: Cluster;
  watch: PodWatch;
  /** Each new reason for which it waits. */
  onWaiting: (reason: string) => void;
  /** Its tool runs, or did. */
  onRunning: (pod: V1Pod) => void;
  /** Says that no node could ever take it, where that is known. */
  tooLarge: (pod: V1Pod) => Promise<string | undefined>;
  /** Whether the shard is still ours. */
  mayStart: () => boolean;
  /** Seconds for which a registry may be out of reach. */
  imagePatience: number;
}

/** Follows a pod that was made to its end. Rejects with the signal's reason. */
export function runPod(made: V1Pod, ports: RunPorts, signal: AbortSignal): Promise<PodEnd> {
  const { watch, onWaiting, onRunning, tooLarge, imagePatience } = ports;
  const { promise, resolve, reject } = Promise.withResolvers<PodEnd>();
  let last = '';
  let imageTimer: NodeJS.Timeout | undefined;
  let lostTimer: NodeJS.Timeout | undefined;
  let seen = false;
  let asked = false;

  const giveUpImage = (reason: string): void =>
    resolve({ state: 'failed', failure: { class: 'infrastructure', reason: `${reason} (for ${imagePatience} s)` } });
  const askWhetherTooLarge = (pod: V1Pod): void => {
    if (asked) return;
    asked = true;
    tooLarge(pod).then(
      (reason) => reason !== undefined && resolve({ state: 'failed', failure: { class: 'unschedulable', reason } }),
      () => undefined,
    );
  };
  const onChange = (pod: V1Pod | undefined): void => {
    if (pod === undefined) {
      if (seen) resolve({ state: 'failed', failure: { class: 'infrastructure', reason: 'its pod was deleted from outside' } });
      return;
    }
    seen = true;
    const verdict = judgePod(pod);
    if (verdict.state !== 'waiting' || verdict.pending !== 'image') {
      clearTimeout(imageTimer);
      imageTimer = undefined;
    }
    if (verdict.state !== 'running' || verdict.unheard === undefined) {
      clearTimeout(lostTimer);
      lostTimer = undefined;
    }
    switch (verdict.state) {
      case 'waiting':
        if (verdict.reason !== last) onWaiting(verdict.reason);
        last = verdict.reason;
        if (verdict.pending === 'schedule') askWhetherTooLarge(pod);
        if (verdict.pending === 'image') imageTimer ??= setTimeout(() => giveUpImage(verdict.reason), imagePatience * 1000);
        return;
      case 'running':
        if (verdict.unheard) lostTimer ??= setTimeout(() => resolve(nodeLost), lostAfter * 1000);
        return onRunning(pod);
      case 'ended':
        onRunning(pod);
        return resolve(verdict);
      case 'failed':
        return resolve(verdict);
    }
  };
  const stop = watch.follow(made.metadata?.name ?? '', onChange);
  watch.expect(made);
  const onAbort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    stop();
    clearTimeout(imageTimer);
    clearTimeout(lostTimer);
    signal.removeEventListener('abort', onAbort);
  });
}

/** Milliseconds. */
const roomPause = 15_000;

/** Makes the pod. A namespace whose quota is used up is waited for a while: pods of it end. */
export async function makePod(
  pod: V1Pod,
  { cluster, watch, mayStart }: RunPorts,
  signal: AbortSignal,
): Promise<'made' | { waiting: string } | { refused: string }> {
  for (let tries = 0; ; tries += 1) {
    // Its next owner may have ended and removed this pod already: it would be started twice.
    if (!mayStart()) throw new Left('the shard is lost');
    const answer = await cluster.createPod(pod);
    if ('created' in answer) return 'made';
    if (answer.refused === 'other') return { refused: answer.reason };
    if (tries > 0) return { waiting: `the workspace's quota on the cluster is used up: ${answer.reason}` };
    await Promise.race([watch.untilRoom(pod.metadata?.namespace ?? '', signal), sleep(roomPause)]);
    signal.throwIfAborted();
  }
}
