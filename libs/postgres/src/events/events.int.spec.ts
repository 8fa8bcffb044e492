import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openDatabase } from '../database.ts';
import type { Database } from '../database.ts';
import { ValueTooLarge, VersionConflict } from '../faults.ts';
import { inTransaction } from '../transaction.ts';
import { writeTogether } from '../write-together.ts';
import { appendEvents } from './append-events.ts';
import type { RunAppend } from './append-events.ts';
import { loadRun, readEvents } from './load-run.ts';
import type { Folding } from './load-run.ts';
import { packSnapshot, snapshotWrite } from './snapshots.ts';

jest.setTimeout(60_000);

let test: TestDatabase;
let database: Database;

beforeEach(async () => {
  test = await testDatabase();
  database = await openDatabase({ url: test.url, name: 'test' });
});

afterEach(async () => {
  await database.close();
  await test.drop();
});

const [one, two] = ['01936d2e-7c1a-7000-8000-000000000001', '01936d2e-7c1a-7000-8000-000000000002'] as const;
const at = '2026-11-21T12:00:00.000Z';
const accepted = { type: 'run.accepted', at, data: { process: { workspace: 'demo', digest: 'd1' }, entry: 'main' } };
const counted = (n: number): { type: string; at: string; data: object } => ({ type: 'counted', at, data: { n } });

const append = (...appends: RunAppend[]): Promise<void> => inTransaction(database, (tx) => appendEvents(tx, appends));
const count = async (table: string): Promise<number> => (await database.pool.query(`select 1 from ${table}`)).rowCount ?? 0;

/** Sums what was counted. */
const summing: Folding<{ sum: number }, { type: string; data: { n?: number } }> = {
  initialState: () => ({ sum: 0 }),
  evolve: (state, { data }) => ({ sum: state.sum + (data.n ?? 0) }),
  restore: (snapshot: { sum: number; tooNew?: boolean }) => {
    if (snapshot.tooNew) throw Object.assign(new Error('of a newer release'), { name: 'SnapshotTooNew' });
    return { sum: snapshot.sum };
  },
};
const load = (run: string): ReturnType<typeof loadRun<{ sum: number }, { type: string; data: { n?: number } }>> =>
  inTransaction(database, (tx) => loadRun(tx, async () => summing, run));

describe('appendEvents', () => {
  it('appends for several runs, with their messages', async () => {
    await inTransaction(database, (tx) =>
      appendEvents(
        tx,
        [
          { runId: one, expectedVersion: 0, events: [accepted, counted(1)] },
          { runId: two, expectedVersion: 0, events: [accepted] },
        ],
        [{ id: '0b0f6f40-26ad-4c0e-9d5f-60f0f1f4a7b1', subject: 's', headers: { 'ce-id': 'x' }, payload: '{}' }],
      ),
    );
    expect(await inTransaction(database, (tx) => readEvents(tx, one, 0, 10))).toEqual([
      { version: 1, event: accepted },
      { version: 2, event: counted(1) },
    ]);
    const { rows } = await database.pool.query('select id, subject, headers, payload from outbox');
    expect(rows).toEqual([{ id: '0b0f6f40-26ad-4c0e-9d5f-60f0f1f4a7b1', subject: 's', headers: { 'ce-id': 'x' }, payload: '{}' }]);
  });

  it('refuses a version that is taken, names the run and writes nothing', async () => {
    await append({ runId: one, expectedVersion: 0, events: [accepted, counted(1)] });
    const late = append({ runId: two, expectedVersion: 0, events: [accepted] }, { runId: one, expectedVersion: 1, events: [counted(2)] });
    await expect(late).rejects.toMatchObject({ name: 'VersionConflict', runs: [one] });
    expect(await count('events')).toBe(2);
  });

  it('lets one of many win', async () => {
    await append({ runId: one, expectedVersion: 0, events: [accepted] });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => append({ runId: one, expectedVersion: 1, events: [counted(n)] })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(VersionConflict);
  });

  it('refuses a gap: the decider remembers more than the database', async () => {
    await append({ runId: one, expectedVersion: 0, events: [accepted] });
    await expect(append({ runId: one, expectedVersion: 7, events: [counted(1)] })).rejects.toMatchObject({ runs: [one] });
    expect(await count('events')).toBe(1);
  });

  it('refuses a value that belongs into an object', async () => {
    const large = { type: 'step.finished', at, data: { outputs: { out: 'x'.repeat(300_000) } } };
    await expect(append({ runId: one, expectedVersion: 0, events: [large] })).rejects.toThrow(ValueTooLarge);
    expect(await count('events')).toBe(0);
  });

  it('takes more events and bytes of messages than a statement has parameters', async () => {
    const events = [accepted, ...Array.from({ length: 70_000 }, (_, n) => counted(n))];
    const outbox = Array.from({ length: 60 }, () => ({ subject: 's', headers: {}, payload: JSON.stringify('x'.repeat(400_000)) }));
    await inTransaction(database, (tx) => appendEvents(tx, [{ runId: one, expectedVersion: 0, events }], outbox));
    expect(await count('events')).toBe(70_001);
    expect(await count('outbox')).toBe(60);
  });
});

describe('loadRun', () => {
  it('knows no run that has no events', async () => {
    expect(await load(one)).toBeUndefined();
  });

  it('tells what the run is pinned to', async () => {
    await append({ runId: one, expectedVersion: 0, events: [accepted] });
    const pins: unknown[] = [];
    const engineFor = async (pin: object): Promise<typeof summing> => {
      pins.push(pin);
      return summing;
    };
    await inTransaction(database, (tx) => loadRun(tx, engineFor, one));
    expect(pins).toEqual([{ workspace: 'demo', digest: 'd1', entry: 'main' }]);
  });

  it('folds all events, however many', async () => {
    const events = [accepted, ...Array.from({ length: 4500 }, () => counted(1))];
    await append({ runId: one, expectedVersion: 0, events });
    expect(await load(one)).toEqual({ state: { sum: 4500 }, version: 4501, snapshotVersion: 0 });
  });

  it('goes on from a snapshot; an older one never replaces it; one of a newer release is passed over', async () => {
    await append({ runId: one, expectedVersion: 0, events: [accepted, counted(1), counted(2), counted(3)] });
    const keep = async (version: number, state: object): Promise<void> =>
      writeTogether(database, [snapshotWrite(one, version, await packSnapshot(state))]);
    await keep(3, { sum: 100 });
    await keep(2, { sum: 7 });
    expect(await load(one)).toEqual({ state: { sum: 103 }, version: 4, snapshotVersion: 3 });
    await keep(4, { tooNew: true });
    expect(await load(one)).toEqual({ state: { sum: 6 }, version: 4, snapshotVersion: 0 });
  });
});
