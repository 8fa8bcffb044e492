import { followNotifications, query } from '@runnel/postgres';
import type { Database, Transaction } from '@runnel/postgres';
import { findDescription, findProcess, listProcesses } from './find-process.ts';
import { readOffers } from '../policies/offers.ts';
import type { Offers } from '../policies/offers.ts';
import type { DeployedProcess, ProcessSummary } from './find-process.ts';

/**
 * Deployed processes as they are read, the recently read ones from memory. A deployment is seen at once by the replica that made it, and by others
 * as soon as they hear of it: within milliseconds. While they do not hear, they read from Postgres.
 */
export interface KnownProcesses {
  find(workspace: string, id: string): Promise<DeployedProcess | undefined>;
  /** Description as JSON text. */
  description(workspace: string, id: string): Promise<string | undefined>;
  /** `only`: of these ids. */
  list(workspace: string, after: string, limit: number, only?: readonly string[]): Promise<readonly ProcessSummary[]>;
  /** What the workspace offers to others. */
  offers(workspace: string): Promise<Offers>;
  /** A text that is made of nothing but the workspace's processes and what its name says; undefined is not remembered. */
  page(workspace: string, name: string, make: () => Promise<string | undefined>): Promise<string | undefined>;
  /** Something of this workspace has changed. */
  forget(workspace: string): void;
  close(): Promise<void>;
}

/** Postgres channel on which changes are told, with the workspace. */
const changes = 'processes_changed';
/** Characters remembered in all; beyond that all is forgotten, which is seldom and simple. */
const capacity = 64_000_000;
/** What an entry takes besides its text. */
const overhead = 500;

/** Tells every replica at the commit; belongs to every transaction that changes processes. */
export async function tellChanged(tx: Transaction, workspace: string): Promise<void> {
  await query(tx, { name: 'tell-processes-changed', text: `select pg_notify('${changes}', $1)`, values: [workspace] });
}

export function openKnownProcesses(database: Database): KnownProcesses {
  const known = new Map<string, Map<string, unknown>>();
  let size = 0;
  let heard = false;
  // A read that began before a change must not be remembered after it.
  let generation = 0;
  const forgetAll = (): void => {
    generation += 1;
    size = 0;
    known.clear();
  };
  const forget = (workspace: string): void => {
    generation += 1;
    known.delete(workspace);
  };
  const following = followNotifications({ url: database.url, name: 'runnel-api-processes' }, changes, {
    listening(now) {
      heard = now;
      forgetAll();
    },
    heard: forget,
  });

  const recall = async <T>(
    workspace: string,
    key: string,
    read: () => Promise<T | undefined>,
    lengthOf: (found: T) => number,
  ): Promise<T | undefined> => {
    const answer = known.get(workspace)?.get(key) as T | undefined;
    if (answer !== undefined) return answer;
    const begun = generation;
    const found = await read();
    if (found === undefined || !heard || begun !== generation) return found;
    // What was forgotten of single workspaces still counts: all is forgotten a little earlier.
    if (size > capacity) forgetAll();
    size += lengthOf(found) + overhead;
    const answers = known.get(workspace) ?? new Map<string, unknown>();
    known.set(workspace, answers.set(key, found));
    return found;
  };

  return {
    find: (workspace, id) =>
      recall(
        workspace,
        `process ${id}`,
        () => findProcess(database, workspace, id),
        () => 0,
      ),
    description: (workspace, id) =>
      recall(
        workspace,
        `description ${id}`,
        () => findDescription(database, workspace, id),
        (text) => text.length,
      ),
    offers: async (workspace) => {
      const lengthOf = (offers: Offers): number => offers.size * 100;
      return (await recall(workspace, 'offers', () => readOffers(database, workspace), lengthOf)) ?? new Map();
    },
    page: (workspace, name, make) => recall(workspace, `page ${name}`, make, (text) => text.length),
    list: async (workspace, after, limit, only) => {
      // What others see is asked for seldom: it is not remembered.
      if (only) return listProcesses(database, workspace, after, limit, only);
      const read = (): Promise<ProcessSummary[]> => listProcesses(database, workspace, after, limit);
      const lengthOf = (page: ProcessSummary[]): number => page.reduce((sum, { text }) => sum + text.length, 0);
      return (await recall(workspace, `list ${limit} ${after}`, read, lengthOf)) ?? [];
    },
    forget,
    close: () => following.close(),
  };
}
