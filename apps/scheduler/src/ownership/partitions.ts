import { partitionOf } from '@runnel/contracts';
import { partitionDurable } from '@runnel/messaging';
import type { RunnelTransport } from '@runnel/messaging';
import { gatherWrites } from '@runnel/postgres';
import type { Advancer } from '../runs/advance-runs.ts';
import { createCommandQueue, PartitionClosed } from '../runs/command-queue.ts';
import type { CommandQueue } from '../runs/command-queue.ts';
import { createGathering } from '../runs/gather.ts';
import type { News } from '../runs/news.ts';
import type { PartitionEvents } from './partition-leases.ts';

/** Milliseconds for which batches wait behind another partition's: no longer than most take, so that a slow one holds up nobody. */
const patience = 20;

/** The partitions that run here: each with its consumer and its queue of news. */
export interface Partitions extends PartitionEvents {
  owns: (run: string) => boolean;
  /** Resolves when what follows from the news is written; rejects with PartitionClosed for runs of others. */
  submit: (news: readonly News[]) => Promise<void>;
}

export function createPartitions(
  advancer: Advancer,
  transport: Pick<RunnelTransport<News>, 'startConsumer' | 'stopConsumer'>,
  onGained: (partition: number) => void,
): Partitions {
  const queues = new Map<number, CommandQueue>();
  // Batches of several partitions share a transaction: each of them alone would be a small one.
  const advance = gatherWrites<readonly News[], void>(
    async (batches) => {
      await advancer.advance(batches.flat());
      return batches.map(() => undefined);
    },
    { patience },
  );
  const gathering = createGathering(advancer.underWay);
  const queueOf = (partition: number): CommandQueue => {
    const queue = queues.get(partition);
    if (!queue) throw new PartitionClosed(`partition ${partition} is not owned here`);
    return queue;
  };
  return {
    owns: (run) => queues.has(partitionOf(run)),
    submit: async (news) => {
      const byPartition = Map.groupBy(news, (item) => partitionOf(item.run));
      // Partitions of others hold up none of ours.
      await Promise.all([...byPartition].map(async ([partition, items]) => queueOf(partition).submit(items)));
    },
    gained: async (partition) => {
      // What an earlier owner did meanwhile is not in memory.
      advancer.forget((run) => partitionOf(run) === partition);
      queues.set(partition, createCommandQueue(advance, gathering));
      await transport.startConsumer(partitionDurable(partition));
      onGained(partition);
    },
    lost: async (partition) => {
      await transport.stopConsumer(partitionDurable(partition));
      await queues.get(partition)?.close();
      queues.delete(partition);
      advancer.forget((run) => partitionOf(run) === partition);
    },
  };
}
