import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { keys, mayRun, namespaceOf, StagedAttempt, staysFor } from '@runnel/kube-pod';
import { z } from 'zod';
import type { BackendContext } from '../backend.ts';
import type { AttemptId } from '../steps/attempt.ts';
import type { Attempts } from '../steps/attempts.ts';
import { stopGrace, type ClusterSurroundings } from './carry-out-on-cluster.ts';
import { podName } from './keys.ts';
import { readRequest } from './preparations.ts';
import { Left } from './run-pod.ts';

/** Whoever may change pods may have written anything there. */
const AnnotatedAttempt = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue('is no JSON');
      return z.NEVER;
    }
  })
  .pipe(StagedAttempt);

/** Pods that a predecessor left. */
export interface Adoption {
  /** Goes on with the pods that are there: under their own names, with the same attempts (rule 8). Resolves when each was tried once. */
  adopt(attempts: Attempts): Promise<void>;
  /** Attempts that could not be taken over yet: they are ours all the same, and heartbeats say so. */
  pending(): AttemptId[];
  /** No more is tried. */
  close(): void;
}

/** Milliseconds between two tries of one pod: the store may be away. */
const pauses = [1000, 2000, 5000, 15_000];

type AdoptionPorts = Pick<ClusterSurroundings, 'watch' | 'cluster' | 'store' | 'mayStart'>;

export function createAdoption({ watch, cluster, store, mayStart }: AdoptionPorts, logger: BackendContext['logger']): Adoption {
  const pending = new Map<string, AttemptId>();
  const closing = new AbortController();

  async function takeOver(pod: V1Pod, attempts: Attempts, tried: () => void): Promise<void> {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const id = attemptOf(pod);
    for (let tries = 0; watch.get(name) !== undefined && mayStart() && !closing.signal.aborted; tries += 1) {
      try {
        if (id !== undefined) pending.set(name, id);
        const request = id && (await readRequest(store, id));
        pending.delete(name);
        if (request !== undefined) {
          const begun = attempts.begin(request);
          tried();
          return await begun;
        }
        logger.warn({ pod: name }, 'a pod without a plan is removed');
        return await cluster.deletePod(namespace, name, 0);
      } catch (error) {
        if (error instanceof Left) return;
        if (tries === 0) logger.warn({ error, pod: name }, 'a pod cannot be taken over now: it is tried again');
      }
      tried();
      await sleep(pauses[Math.min(tries, pauses.length - 1)], undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
    pending.delete(name);
  }

  return {
    async adopt(attempts) {
      const tries = watch.list().map((pod) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        void takeOver(pod, attempts, resolve).finally(resolve);
        return promise;
      });
      await Promise.all(tries);
    },
    pending: () => [...pending.values()],
    close: () => closing.abort(),
  };
}

/** Of a pod that its annotation, name and namespace agree about. */
function attemptOf({ metadata }: V1Pod): AttemptId | undefined {
  const id = AnnotatedAttempt.safeParse(metadata?.annotations?.[keys.attempt]);
  const own = id.success && metadata?.name === podName(id.data) && metadata.namespace === namespaceOf(id.data.workspace);
  return own ? id.data : undefined;
}

/** What becomes of the pods of attempts that are over. */
export interface Tidying {
  /** Its result is stored and told: the pod is of no use any more, unless somebody wants to look at it. */
  tidy(id: AttemptId): void;
  /** Resolves when the cluster was told of all that are to go now. */
  settled(): Promise<void>;
}

export function createTidying({ cluster, watch, settings, mayStart }: ClusterSurroundings, logger: BackendContext['logger']): Tidying {
  const removals = new Set<Promise<void>>();
  const remove = (id: AttemptId): void => {
    const name = podName(id);
    const pod = watch.get(name);
    // Whoever has the shard next finds it, and its result.
    if (pod === undefined || !mayStart()) return;
    // What may still run on a node that is not heard of is never force-deleted: it goes when the node is back, or is removed.
    const removal = cluster
      .deletePod(namespaceOf(id.workspace), name, mayRun(pod) ? stopGrace : 0)
      .catch((error: unknown) => logger.warn({ error, pod: name }, 'a pod could not be removed'))
      .finally(() => removals.delete(removal));
    removals.add(removal);
  };
  return {
    tidy(id) {
      const pod = watch.get(podName(id));
      const stays = pod === undefined ? 0 : staysFor(pod, settings(id.workspace).keepFailedMinutes, Date.now());
      if (stays > 0) setTimeout(remove, stays, id).unref();
      else remove(id);
    },
    settled: async () => void (await Promise.all(removals)),
  };
}
