import type { V1Pod } from '@kubernetes/client-node';
import { podTooLarge } from '@runnel/kube-pod';
import type { Cluster } from './cluster.ts';

/** Milliseconds for which a list of nodes is good. */
const fresh = 30_000;

/** Says why no node of the cluster could take a pod, also an empty one; undefined where one could, or where nodes may not be listed. */
export function createTooLarge(cluster: Cluster, autoscaled: boolean): (pod: V1Pod) => Promise<string | undefined> {
  let nodes: ReturnType<Cluster['listNodes']> | undefined;
  let listedAt = -Infinity;
  return async (pod) => {
    // New nodes may come that are larger.
    if (autoscaled) return undefined;
    if (performance.now() - listedAt > fresh) {
      listedAt = performance.now();
      nodes = cluster.listNodes();
    }
    return podTooLarge(pod, (await nodes) ?? []);
  };
}
