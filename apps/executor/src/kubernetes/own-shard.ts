import { randomBytes } from 'node:crypto';
import type { Logger } from '@runnel/service';
import type { ExecutorConfig } from '../config.ts';
import { takeShard, type TakenShard } from './take-shard.ts';

/** Waits for a shard where executors share some; undefined where this one has its own. */
export async function ownShard(config: ExecutorConfig, own: string, logger: Logger): Promise<TakenShard | undefined> {
  const { backend, leaseNamespace: namespace, shards: count, kubeconfig } = config;
  if (backend !== 'kubernetes' || namespace === undefined) return undefined;
  const { clusterLeases } = await import('./cluster-leases.ts');
  const leases = await clusterLeases({ namespace, ...(kubeconfig !== undefined && { kubeconfig }) });
  const shards = count === undefined ? [own] : Array.from({ length: count }, (_, index) => `shard-${index}`);
  // Another process under this name is another one.
  return takeShard({ leases, holder: `${own}/${randomBytes(4).toString('hex')}`, shards, logger });
}
