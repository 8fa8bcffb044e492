import { keys, mayRun, namespaceOf, StagedAttempt, staysFor } from '@runnel/kube-pod';
import { z } from 'zod';
import type { BackendContext } from '../backend.ts';
import type { AttemptId } from '../steps/attempt.ts';
import type { Attempts } from '../steps/attempts.ts';
import { stopGrace, type ClusterSurroundings } from './carry-out-on-cluster.ts';
import { podName } from './keys.ts';
import { readRequest } from './preparations.ts';

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

/** Goes on with the pods that are there: under their own names, with the same attempts (rule 8). */
export async function adopt(attempts: Attempts, { watch, cluster, store }: ClusterSurroundings, { logger }: BackendContext): Promise<void> {
  for (const pod of watch.list()) {
    const { name = '', namespace = '', annotations = {} } = pod.metadata ?? {};
    const id = AnnotatedAttempt.safeParse(annotations[keys.attempt]);
    const own = id.success && name === podName(id.data) && namespace === namespaceOf(id.data.workspace);
    const request = own ? await readRequest(store, id.data) : undefined;
    if (request === undefined) {
      logger.warn({ pod: name }, 'a pod without a plan is removed');
      await cluster.deletePod(namespace, name, 0);
    } else void attempts.begin(request).catch((error: unknown) => logger.error({ error, pod: name }, 'a pod could not be taken over'));
  }
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
