import { inTransaction, query } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { startLoop } from '@runnel/service';
import { sharePartitions } from './share-partitions.ts';

/** What happens when a partition comes and goes. */
export interface PartitionEvents {
  gained(partition: number, epoch: number): Promise<void>;
  /** Resolves when nothing of the partition is under way here any more. */
  lost(partition: number): Promise<void>;
}

export interface LeaseOptions {
  scheduler: string;
  /** Seconds; renewed every fifth of it. */
  leaseSeconds: number;
  onError: (error: unknown) => void;
}

export interface PartitionLeases {
  /** Partitions owned now. */
  owned: () => number[];
  /** Stops everything and gives all partitions back at once. Safe to call twice. */
  close: () => Promise<void>;
}

interface LeaseAnswer {
  release: number[];
  gained: { partition: number; epoch: number }[];
  kept: number[];
}

/** Keeps this scheduler's share of the partitions by lease rows (rule 7). */
export function startPartitionLeases(database: Database, events: PartitionEvents, options: LeaseOptions): PartitionLeases {
  const { scheduler, leaseSeconds, onError } = options;
  const every = (leaseSeconds * 1000) / 5;
  /** Partition → when its lease ends on this machine's monotonic clock. */
  const held = new Map<number, number>();

  /** What comes and goes is told of in its order, each when the one before is over: a lease may end while its partition is being taken, or given. */
  const telling = new Map<number, Promise<void>>();
  const tell = (partition: number, what: () => Promise<void>): Promise<void> => {
    const told = (telling.get(partition) ?? Promise.resolve()).then(what, what);
    const over = (): void => {
      if (telling.get(partition) === told) telling.delete(partition);
    };
    telling.set(partition, told);
    told.then(over, over);
    return told;
  };
  const give = (partition: number): Promise<void> => {
    held.delete(partition);
    return tell(partition, () => events.lost(partition));
  };
  const take = async ({ partition, epoch }: LeaseAnswer['gained'][number], end: number): Promise<void> => {
    held.set(partition, end);
    await tell(partition, () => events.gained(partition, epoch)).catch(async (error: unknown) => {
      // Not held, it is taken again with the next renewal.
      onError(error);
      await give(partition);
    });
  };
  const dropExpired = async (): Promise<void> => {
    const over = [...held].filter(([, end]) => end <= performance.now());
    await Promise.all(over.map(([partition]) => give(partition)));
  };
  const renew = async (): Promise<void> => {
    await dropExpired();
    const end = performance.now() + leaseSeconds * 1000;
    // What is being given back stays ours until that is over.
    const ours = [...new Set([...held.keys(), ...telling.keys()])];
    const answer = await inTransaction(database, (tx) => renewLeases(tx, scheduler, leaseSeconds, ours));
    const kept = new Set([...answer.kept, ...answer.release]);
    await Promise.all([...held.keys()].filter((partition) => !kept.has(partition)).map(give));
    // Those whose lease ended meanwhile are given back, whatever the answer says; they are taken again with the next renewal.
    for (const partition of answer.kept) if (held.has(partition)) held.set(partition, end);
    await Promise.all(answer.gained.map((one) => take(one, end)));
    await Promise.all(answer.release.map(give));
    if (answer.release.length > 0) await releaseLeases(database, scheduler, answer.release);
  };
  const loop = startLoop(renew, every, onError);
  const watch = setInterval(() => void dropExpired().catch(onError), every / 4);
  const giveAll = async (): Promise<void> => {
    await loop.close();
    clearInterval(watch);
    const all = [...new Set([...held.keys(), ...telling.keys()])];
    await Promise.all([...held.keys()].map(give));
    await Promise.allSettled(telling.values());
    await releaseLeases(database, scheduler, all);
    await database.pool.query('delete from schedulers where id = $1', [scheduler]);
  };
  let closing: Promise<void> | undefined;
  return { owned: () => [...held.keys()], close: () => (closing ??= giveAll()) };
}

type Tx = Parameters<Parameters<typeof inTransaction>[1]>[0];

async function renewLeases(tx: Tx, scheduler: string, leaseSeconds: number, held: number[]): Promise<LeaseAnswer> {
  await query(tx, {
    text: `
insert into schedulers (id, lease_until) values ($1, now() + make_interval(secs => $2))
on conflict (id) do update set lease_until = excluded.lease_until`,
    values: [scheduler, leaseSeconds],
  });
  const rows = await query<{ partition: number; owner: string | null; leased: boolean }>(tx, {
    text: 'select partition, owner, lease_until > now() as leased from partitions order by partition for update',
  });
  const live = await query<{ id: string }>(tx, { text: 'select id from schedulers where lease_until > now()' });
  // Whose row is still ours nobody else has taken, however late we are; rows of an earlier process with the same id are free: what it did is over.
  const known = rows.rows.map((row) => (row.owner === scheduler ? { ...row, leased: held.includes(row.partition) } : row));
  const { keep, release, claim } = sharePartitions(
    known,
    live.rows.map((row) => row.id),
    scheduler,
  );
  await query(tx, {
    text: 'update partitions set lease_until = now() + make_interval(secs => $2) where partition = any($1)',
    values: [[...keep, ...release], leaseSeconds],
  });
  const gained = await query<{ partition: number; epoch: string }>(tx, {
    text: 'update partitions set owner = $1, epoch = epoch + 1, lease_until = now() + make_interval(secs => $3) where partition = any($2) returning partition, epoch',
    values: [scheduler, claim, leaseSeconds],
  });
  return { kept: keep, release, gained: gained.rows.map((row) => ({ partition: row.partition, epoch: Number(row.epoch) })) };
}

async function releaseLeases(database: Database, scheduler: string, partitions: readonly number[]): Promise<void> {
  await database.pool.query("update partitions set owner = null, lease_until = '-infinity' where owner = $1 and partition = any($2)", [
    scheduler,
    partitions,
  ]);
}
