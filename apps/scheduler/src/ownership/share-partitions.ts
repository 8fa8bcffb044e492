/** A partition's row as the database has it now. */
export interface PartitionRow {
  partition: number;
  owner: string | null;
  /** Whether its owner's lease runs. */
  leased: boolean;
}

/** What one scheduler does with its partitions: keep, give back, take. */
export interface Shares {
  keep: number[];
  release: number[];
  claim: number[];
}

/**
 * Shares partitions over the live schedulers: each has the same number, the first in order of id one more where it does not divide. A scheduler
 * gives back what is above its share and takes what nobody owns up to its share, so the shares settle without anyone's command.
 */
export function sharePartitions(rows: readonly PartitionRow[], live: readonly string[], me: string): Shares {
  const schedulers = [...new Set([...live, me])].sort();
  const rest = rows.length % schedulers.length;
  const share = Math.floor(rows.length / schedulers.length) + (schedulers.indexOf(me) < rest ? 1 : 0);
  const mine = rows.filter((row) => row.owner === me && row.leased).map((row) => row.partition);
  const free = rows.filter((row) => row.owner === null || !row.leased).map((row) => row.partition);
  return { keep: mine.slice(0, share), release: mine.slice(share), claim: free.slice(0, Math.max(0, share - mine.length)) };
}
