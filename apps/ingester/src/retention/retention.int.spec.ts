import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { inTransaction, markDeleted } from '@runnel/postgres';
import { eventually } from '@runnel/testing';
import { deletedRuns, deleteRun } from '../deletion/delete-runs.ts';
import { collectGarbage } from '../gc/collect-garbage.ts';
import type { GarbageItem } from '../gc/garbage.ts';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';

const day = 86_400_000;
/** In a message. */
const saying = (text: string): string => expect.stringContaining(text) as unknown as string;
const ago = (days: number): Date => new Date(Date.now() - days * day);

let fixture: Fixture;
beforeAll(async () => {
  fixture = await ingesterFixture();
}, 60_000);
afterEach(async () => {
  await fixture.rows('truncate runs, events, steps, objects, retention, results, callbacks, idempotency_keys');
  for await (const { key } of fixture.objects.list('')) await fixture.objects.delete(key);
});
afterAll(() => fixture.close());

interface Ended {
  days?: number;
  labels?: object;
  phase?: string;
  executing?: string;
}

/** A run that ended so many days ago, with everything that a run leaves. */
async function ended({ days = 100, labels = {}, phase = 'successful', executing }: Ended = {}): Promise<string> {
  const run = await fixture.addRun({ phase, createdAt: ago(days + 1), ...(executing === undefined ? {} : { executing }) });
  await fixture.rows('update runs set stopped = true, finished_at = $2, labels = $3, document = $4 where id = $1', [
    run,
    ago(days),
    JSON.stringify(labels),
    `demo/results/${run}/results.json`,
  ]);
  await fixture.rows(
    `insert into steps (run_id, step, attempt, workspace, state, cores, memory_mib, requested_at) values ($1, 'a', 1, 'demo', 'successful', 1, 1, now())`,
    [run],
  );
  await fixture.rows(`insert into results (run_id, output, workspace, value, published_at) values ($1, 'out', 'demo', '1', now())`, [run]);
  await fixture.rows(`insert into idempotency_keys (workspace, key, request, result) values ('demo', $1, '', $1)`, [run]);
  const where = executing ?? 'demo';
  for (const key of [`${where}/logs/${run}/a/1/0.log`, `${where}/attempts/${run}/a/1/result.json`, `${where}/values/${run}/v.json`])
    await fixture.objects.put(key, '{}');
  await fixture.objects.put(`demo/results/${run}/results.json`, '{"outputs":{}}');
  return run;
}

const keep = (columns: Record<string, number>): Promise<unknown> =>
  fixture.rows(
    `insert into retention (workspace, ${Object.keys(columns).join(', ')}, updated_by, updated_at) values ('demo', ${Object.values(columns).join(', ')}, 't', now())`,
  );
async function collect(dryRun = false, now = new Date()): Promise<GarbageItem[]> {
  const items: GarbageItem[] = [];
  await collectGarbage(fixture.database, fixture.objects, { dryRun, now, onGarbage: (item) => items.push(item) });
  return items;
}
const everything = async (): Promise<string[]> => (await fixture.keys('')).sort();
const mark = (run: string) => inTransaction(fixture.database, (tx) => markDeleted(tx, run));

describe('what a workspace keeps no longer', () => {
  it('runs go with all they owned, others stay; a dry run says what and how much', async () => {
    await keep({ run_days: 90 });
    const [old, young] = [await ended(), await ended({ days: 80 })];
    const expected = [{ action: 'delete', kind: 'run', key: `demo/${old}`, count: 4, bytes: 20 }];
    expect(await collect(true)).toEqual(expected);
    expect(await fixture.rows('select from runs')).toHaveLength(2);
    expect(await collect()).toEqual(expected);
    expect((await everything()).filter((key) => key.includes(old))).toEqual([]);
    expect((await everything()).filter((key) => key.includes(young))).toHaveLength(4);
    for (const table of ['events', 'steps', 'results'])
      expect(await fixture.rows(`select run_id from ${table}`)).toEqual([{ run_id: young }]);
    expect(await fixture.rows('select result from idempotency_keys')).toEqual([{ result: young }]);
  });

  it('logs and results each by their own time, the run stays', async () => {
    await keep({ log_days: 30, result_days: 90 });
    const [old, young] = [await ended(), await ended({ days: 60 })];
    expect((await collect()).map(({ kind, key }) => [kind, key])).toEqual(
      expect.arrayContaining([
        ['logs', `demo/${old}`],
        ['logs', `demo/${young}`],
        ['results', `demo/${old}`],
      ]),
    );
    expect((await everything()).filter((key) => /logs|results/.test(key))).toEqual([`demo/results/${young}/results.json`]);
    expect(await fixture.rows('select document from runs where id = $1', [old])).toEqual([{ document: null }]);
    expect(await collect()).toEqual([]);
  });

  it('nothing of what is held by its label, also not the objects that its steps made', async () => {
    await keep({ run_days: 1, log_days: 1, result_days: 1 });
    const run = await ended({ labels: { 'legal-hold': 'case 7' } });
    const file = await fixture.made('a', 'evidence');
    const attempt = { workspace: 'demo', run, step: 'a', attempt: 1 };
    const usage = { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, cores: 0, memoryMiB: 0, inputBytes: 0, outputBytes: 0 };
    const at = new Date().toISOString();
    const result = `demo/attempts/${run}/a/1/result.json`;
    const finished = {
      ...attempt,
      executor: 'x',
      startedAt: at,
      finishedAt: at,
      outcome: 'success',
      outputs: { file },
      result,
      usage,
      logs: [],
    };
    await fixture.objects.put(result, JSON.stringify(finished));
    const before = await everything();
    for (const days of [0, 8, 16, 24, 32]) expect(await collect(false, new Date(Date.now() + days * day))).toEqual([]);
    expect(await everything()).toEqual(before);
    expect(await mark(run)).toMatchObject({ kind: 'refused', reason: saying('legal-hold') });
  });

  it('intermediate objects for longer than a week, where the workspace says so', async () => {
    await keep({ intermediate_days: 30 });
    await ended({ days: 1 });
    await fixture.made('a', 'kept');
    expect(await collect(false, new Date(Date.now() + 20 * day))).toEqual([]);
    expect(await collect(false, new Date(Date.now() + 31 * day))).toMatchObject([{ action: 'mark' }]);
  });

  it('of a run that executed elsewhere too', async () => {
    await keep({ run_days: 90 });
    const run = await ended({ executing: 'other' });
    await collect();
    expect((await everything()).filter((key) => key.includes(run))).toEqual([]);
  });
});

describe('deleting a run', () => {
  it('is refused while it has not stopped, and while an open run uses it, however far away', async () => {
    const running = await fixture.addRun({ phase: 'running' });
    expect(await mark(running)).toMatchObject({ kind: 'refused', reason: saying('not stopped') });
    const first = await ended({ phase: 'failed' });
    const second = await ended({ phase: 'failed' });
    const third = await fixture.addRun({ phase: 'running' });
    await fixture.rows('update runs set resumes = $2 where id = $1', [second, first]);
    await fixture.rows('update runs set resumes = $2 where id = $1', [third, second]);
    for (const run of [first, second])
      expect(await mark(run)).toEqual({ kind: 'refused', reason: `run ${third}, which has not ended, uses it` });
    await fixture.rows('update runs set finished_at = now(), stopped = true where id = $1', [third]);
    expect(await mark(first)).toEqual({ kind: 'marked' });
    expect(await mark(first)).toEqual({ kind: 'missing' });
  });

  it('is refused while its results are the inputs of an open run', async () => {
    const run = await ended();
    const reader = await fixture.addRun({
      phase: 'accepted',
      inputs: { x: { class: 'File', location: `runnel:demo/results/${run}/a.txt` } },
    });
    expect(await mark(run)).toEqual({ kind: 'refused', reason: `run ${reader}, which has not ended, uses it` });
    await keep({ run_days: 1, result_days: 1 });
    expect((await collect()).filter(({ kind }) => kind !== 'logs')).toEqual([]);
  });

  it('waits for who is about to use it, and sees what that one wrote', async () => {
    const run = await ended({ phase: 'failed' });
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
    const resuming = inTransaction(fixture.database, async (tx) => {
      await tx.query('select from runs where id = $1 and deleted_at is null for share', [run]);
      lock();
      await written;
      await tx.query(
        `insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, version, created_at, updated_at, resumes)
values (gen_random_uuid(), 0, 'demo', 'demo', 'p', '1', 'd', 'someone', 'accepted', 1, now(), now(), $1)`,
        [run],
      );
    });
    await locked;
    const deleting = mark(run);
    await eventually('it waits for the lock', async () => (await fixture.rows('select from pg_locks where not granted')).length > 0);
    write();
    await resuming;
    expect(await deleting).toMatchObject({ kind: 'refused' });
  });

  it('takes up where it was killed: whatever is gone already, the row goes last', async () => {
    const run = await ended();
    await mark(run);
    for (const kind of ['results', 'logs'])
      for await (const { key } of fixture.objects.list(`demo/${kind}/${run}/`)) await fixture.objects.delete(key);
    await fixture.rows('delete from results');
    const [deleted] = await deletedRuns(fixture);
    if (!deleted) throw new Error('no mark');
    await Promise.all([deleteRun(fixture, deleted), deleteRun(fixture, deleted)]);
    expect(await fixture.rows('select from runs')).toEqual([]);
    expect(await everything()).toEqual([]);
    await deleteRun(fixture, deleted);
  });

  it('leaves the content that it shares with others, and what was put in place of its own', async () => {
    const run = await ended();
    const shared = await fixture.made('a', 'shared');
    await fixture.objects.put('demo/files/item.json', 'by a later run');
    await fixture.objects.put(`demo/values/${run}/@layout.json`, JSON.stringify(['demo/files/item.json']));
    await mark(run);
    for (const deleted of await deletedRuns(fixture)) await deleteRun(fixture, deleted);
    expect(await everything()).toEqual(['demo/files/item.json', shared.location.slice('runnel:'.length)].sort());
  });
});
