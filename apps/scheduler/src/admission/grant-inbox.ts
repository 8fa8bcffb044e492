import { startLoop } from '@runnel/service';
import type { Pool } from 'pg';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';
import type { WrittenGrant } from './write-admission.ts';

export interface GrantInbox {
  /** These grants were just written; their runs are owned here. */
  take(grants: readonly WrittenGrant[]): void;
  /** Grants stand in the table for these runs, which are owned here. */
  look(runs: readonly string[]): void;
  close(): Promise<void>;
}

/** Turns rows of grants into news, each once however often it is told. */
export function startGrantInbox(
  pool: Pool,
  submit: (news: readonly News[]) => Promise<void>,
  onError: (error: unknown) => void,
): GrantInbox {
  const told = new Set<string>();
  const underWay = new Set<string>();

  const read = async (): Promise<void> => {
    if (told.size === 0) return;
    const runs = [...told];
    told.clear();
    handAll(await grantsFor(pool, runs));
  };
  /** Grants of one run together, so that another run's fault is not theirs; and without waiting: the next grants may be other runs'. */
  const handAll = (grants: readonly WrittenGrant[]): void => {
    const news = grants.filter(({ id }) => !underWay.has(id)).map(newsOf);
    for (const items of Map.groupBy(news, (item) => item.run).values()) void hand(items);
  };
  const hand = async (items: readonly News[]): Promise<void> => {
    const ids = items.flatMap((item) => (item.grant ? [item.grant.id] : []));
    for (const id of ids) underWay.add(id);
    try {
      await submit(items);
    } catch (error) {
      // The row still stands: the admitter tells of it again.
      onError(error);
    } finally {
      for (const id of ids) underWay.delete(id);
    }
  };
  const loop = startLoop(read, 60_000, onError);
  return {
    take: handAll,
    look: (runs) => {
      for (const run of runs) told.add(run);
      if (runs.length > 0) loop.wake();
    },
    close: loop.close,
  };
}

function newsOf({ id, run, node, executor, count, cores, memoryMiB, refusal }: WrittenGrant): News {
  const grant = { id, cores, memoryMiB };
  if (refusal !== null) return { run, command: { type: 'refuse-node', at: now(), node, reason: refusal }, grant };
  return { run, command: { type: 'grant-steps', at: now(), node, executor, count }, grant };
}

async function grantsFor(pool: Pool, runs: readonly string[]): Promise<WrittenGrant[]> {
  const { rows } = await pool.query<WrittenGrant>({
    name: 'grants-for',
    text: `
select id, run_id as run, node, workspace, executor, count, cores, memory_mib as "memoryMiB", refusal
from grants where run_id = any($1::uuid[]) order by id`,
    values: [runs],
  });
  return rows;
}
