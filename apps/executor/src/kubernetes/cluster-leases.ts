import { faultOf } from './calls.ts';
import type { Leases, ShardLease } from './take-shard.ts';

/** Milliseconds: a renewal that takes longer is tried again. */
const patience = 4000;

/** The Leases (coordination.k8s.io/v1) of a namespace. They are not asked for patiently: who cannot renew has to know. */
export async function clusterLeases({ kubeconfig, namespace }: { kubeconfig?: string; namespace: string }): Promise<Leases> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(client.CoordinationV1Api);
  const soon = <T>(call: Promise<T>): Promise<T> =>
    Promise.race([call, new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no answer in time')), patience).unref())]);
  const shown = (lease: { metadata?: { resourceVersion?: string }; spec?: { holderIdentity?: string } }): ShardLease => ({
    holder: lease.spec?.holderIdentity ?? '',
    version: lease.metadata?.resourceVersion ?? '',
  });
  const nameOf = (shard: string): string => `runnel-${shard}`;
  return {
    async read(shard) {
      try {
        return shown(await soon(api.readNamespacedLease({ namespace, name: nameOf(shard) })));
      } catch (error) {
        if (faultOf(error).code === 404) return undefined;
        throw error;
      }
    },
    async write(shard, holder, version) {
      const body = {
        metadata: { name: nameOf(shard), ...(version !== undefined && { resourceVersion: version }) },
        // Kubernetes wants a holder where there is one, and leaves out an empty name.
        spec: { ...(holder !== '' && { holderIdentity: holder }), renewTime: new client.V1MicroTime(), leaseDurationSeconds: 20 },
      };
      try {
        const write =
          version === undefined
            ? api.createNamespacedLease({ namespace, body })
            : api.replaceNamespacedLease({ namespace, name: nameOf(shard), body });
        return shown(await soon(write));
      } catch (error) {
        if (faultOf(error).code === 409) return undefined;
        throw error;
      }
    },
  };
}
