import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { changeRun } from './change-run.ts';
import { listRuns } from './list-runs.ts';
import type { RunFilter } from './run-filter.ts';
import type { RunRow } from './run-row.ts';

let place: TestDatabase;
let database: Database;
const count = 60;
const id = (n: number): string => `01936d2e-7c1a-7000-8000-${String(n).padStart(12, '0')}`;
const at = (n: number): string => new Date(Date.UTC(2026, 0, 1) + Math.floor(n / 3) * 1000).toISOString();
/** Of run n; several begin at the same instant. */
const labelsOf = (n: number): Record<string, string> => ({
  ...(n % 2 === 0 ? { team: 'a' } : n % 5 === 0 ? { team: 'b' } : {}),
  ...(n % 6 === 0 ? { case: 'x' } : {}),
});
const processOf = (n: number): string => (n % 3 === 0 ? 'Tile-maker' : 'p');
const nameOf = (n: number): string | null => (n % 8 === 1 ? `Lake 100%_${n}` : null);
const phaseOf = (n: number): RunRow['phase'] => (n % 4 === 0 ? 'failed' : 'successful');
/** Every seventh executes in `owner`; every tenth is of `other`. */
const workspaceOf = (n: number): string => (n % 10 === 9 ? 'other' : 'demo');

beforeAll(async () => {
  place = await testDatabase();
  database = await openDatabase({ url: place.url, name: 'find-runs-test' });
  for (let n = 0; n < count; n += 1)
    await database.pool.query(
      `insert into runs (id, partition, workspace, executing_workspace, process_workspace, process_id, process_version, process_digest, principal, phase,
         version, created_at, updated_at, labels, name)
       values ($1, 0, $2, $3, 'demo', $7, '1', 'd', 'x', $4, 1, $5, $5, $6, $8)`,
      [...[id(n), workspaceOf(n), n % 7 === 0 ? 'owner' : null, phaseOf(n), at(n), JSON.stringify(labelsOf(n)), processOf(n), nameOf(n)]],
    );
});
afterAll(async () => {
  await database.close();
  await place.drop();
});

const numbers = async (filter: Partial<RunFilter>): Promise<number[]> =>
  (await listRuns(database, { workspace: 'demo', limit: 1000, ...filter })).map((run) => Number(run.id.slice(-12)));

/** Newest first. */
const expected = (fits: (n: number) => boolean, workspace = 'demo'): number[] =>
  Array.from({ length: count }, (_empty, n) => n)
    .filter((n) => workspaceOf(n) === workspace && fits(n))
    .reverse();

const hasLake = (n: number): boolean => n % 8 === 1;

describe('lists of runs', () => {
  it.each<[string, Partial<RunFilter>, (n: number) => boolean]>([
    ['one', { labels: { team: 'a' } }, (n) => n % 2 === 0],
    ['another value', { labels: { team: 'b' } }, (n) => n % 2 === 1 && n % 5 === 0],
    ['two', { labels: { team: 'a', case: 'x' } }, (n) => n % 6 === 0],
    ['two, the rare one first', { labels: { case: 'x', team: 'a' } }, (n) => n % 6 === 0],
    ['two that none has', { labels: { case: 'x', team: 'b' } }, () => false],
    ['and a phase', { labels: { team: 'a' }, phases: ['failed'] }, (n) => n % 4 === 0],
    ['and two phases', { labels: { case: 'x' }, phases: ['failed', 'successful'] }, (n) => n % 6 === 0],
    ['and a time', { labels: { team: 'a' }, createdFrom: at(12), createdTo: at(30) }, (n) => n % 2 === 0 && n >= 12 && n <= 32],
    ['no label at all', { labels: {} }, () => true],
    ['a label and a process', { labels: { team: 'a' }, processes: ['Tile-maker'] }, (n) => n % 6 === 0],
    [
      'a label, a process and a phase',
      { labels: { team: 'a' }, processes: ['p', 'none'], phases: ['failed'] },
      (n) => n % 4 === 0 && n % 3 > 0,
    ],
    ['a label and a phase that none is in', { labels: { team: 'a' }, phases: ['running', 'accepted'] }, () => false],
    ['a text in the name', { text: 'LAKE' }, hasLake],
    ['a text of characters that searches know', { text: '0%_' }, hasLake],
    ['a text in the value of a label', { text: 'x', labels: { team: 'a' } }, (n) => n % 6 === 0],
    ['a text in the process', { text: 'tile' }, (n) => n % 3 === 0],
    ['a text in process, name or label', { text: 'a' }, (n) => n % 3 === 0 || hasLake(n) || n % 2 === 0],
    ['a text and a phase', { text: 'tile', phases: ['failed'] }, (n) => n % 12 === 0],
    ['a text and processes', { text: 'e', processes: ['p'] }, (n) => n % 3 > 0 && hasLake(n)],
    ['a text and a label', { text: 'lake', labels: { team: 'b' } }, (n) => hasLake(n) && n % 5 === 0],
    ['a text in the process, and a label', { text: 'maker', labels: { team: 'a' } }, (n) => n % 6 === 0],
    ['the beginning of ids', { text: id(50).slice(0, -1) }, (n) => n >= 50],
    ['too little of the beginning of ids', { text: '01936' }, () => false],
    ['a text that none has', { text: "'; drop table runs; --" }, () => false],
  ])('%s', async (_name, filter, fits) => {
    const all = expected(fits);
    expect(await numbers(filter)).toEqual(all);
    expect(await numbers({ ...filter, ascending: true })).toEqual(all.toReversed());
    // Page by page, forwards and back.
    const pages: number[] = [];
    let after: RunFilter['after'];
    while (pages.length < all.length) {
      const page = await numbers({ ...filter, limit: 4, after });
      pages.push(...page);
      const last = page.at(-1);
      if (last === undefined) break;
      after = { createdAt: at(last), id: id(last) };
      const before = { createdAt: at(last), id: id(last) };
      expect(await numbers({ ...filter, limit: 4, before })).toEqual(pages.slice(0, -1).slice(-4));
    }
    expect(pages).toEqual(all);
    expect(await numbers({ ...filter, limit: 3, skip: 2 })).toEqual(all.slice(2, 5));
  });

  it('are those of the workspace that calls, or that executes, also by a text', async () => {
    const byText = async (text: string): Promise<number[]> => numbers({ workspace: 'owner', text, executing: true });
    // Of another workspace than the others.
    expect(await byText('lake')).toEqual([49]);
    expect(await byText('tile')).toEqual(expected((n) => n % 21 === 0));
    expect(await numbers({ workspace: 'owner', text: 'lake' })).toEqual([]);
  });

  it('are those of the workspace that calls, or that executes', async () => {
    const labels = { team: 'a' };
    const owners = { workspace: 'owner', labels };
    expect(await numbers({ ...owners, executing: true })).toEqual(expected((n) => n % 14 === 0));
    expect(await numbers(owners)).toEqual([]);
    expect(await numbers({ workspace: 'other', labels: { team: 'b' } })).toEqual(expected((n) => n % 5 === 0 && n % 2 === 1, 'other'));
  });

  it('are found by what they are labelled with now', async () => {
    await changeRun(database, id(2), { labels: { team: 'c', 'a.b/c': 'x=y' } });
    expect(await numbers({ labels: { team: 'c' } })).toEqual([2]);
    expect(await numbers({ labels: { 'a.b/c': 'x=y' } })).toEqual([2]);
    expect(await numbers({ labels: { team: 'a' } })).not.toContain(2);
    await changeRun(database, id(2), { labels: {} });
    expect(await numbers({ labels: { team: 'c' } })).toEqual([]);
    await changeRun(database, id(2), { name: 'named' });
    await changeRun(database, id(2), { labels: { team: 'a' } });
    expect(await numbers({ labels: { team: 'a' } })).toContain(2);
  });

  it('are found by the name that they have now', async () => {
    await changeRun(database, id(4), { name: 'River' });
    expect(await numbers({ text: 'river' })).toEqual([4]);
    await changeRun(database, id(4), { name: 'Sea' });
    expect([await numbers({ text: 'river' }), await numbers({ text: 'SEA' })]).toEqual([[], [4]]);
  });

  it('are found by the phase that they are in now', async () => {
    const search = { labels: { team: 'a' }, phases: ['running'] } as const;
    await database.pool.query(`update runs set phase = 'running' where id = $1`, [id(6)]);
    expect(await numbers(search)).toEqual([6]);
    await database.pool.query(`update runs set phase = 'dismissed' where id = $1`, [id(6)]);
    expect([await numbers(search), await numbers({ ...search, phases: ['dismissed'] })]).toEqual([[], [6]]);
  });

  it('leave nothing behind when they are deleted', async () => {
    await database.pool.query('delete from runs where id = $1', [id(0)]);
    expect(await numbers({ labels: { case: 'x' } })).not.toContain(0);
    for (const table of ['run_labels', 'run_words'])
      expect((await database.pool.query(`select from ${table} where run_id = $1`, [id(0)])).rowCount).toBe(0);
  });
});
