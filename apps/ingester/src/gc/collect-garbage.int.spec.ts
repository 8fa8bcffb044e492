import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { GarbageItem } from './garbage.ts';

const day = 86_400_000;

describe('garbage collection', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await ingesterFixture();
  }, 60_000);
  afterEach(async () => {
    await fixture.rows('truncate runs, objects');
    for await (const { key } of fixture.objects.list('')) await fixture.objects.delete(key);
  });
  afterAll(() => fixture.close());

  /** Days from today; objects of the tests are put today. */
  const collect = async (days: number, dryRun = false) => {
    const items: GarbageItem[] = [];
    const summary = await collectGarbage(fixture.database, fixture.objects, {
      dryRun,
      now: new Date(Date.now() + days * day),
      onGarbage: (item) => items.push(item),
    });
    return { items, summary };
  };
  const keyOf = (file: { location: string }) => file.location.slice('runnel:'.length);
  const addWorkspace = () => fixture.addRun({ phase: 'successful', createdAt: new Date(Date.now() - 30 * day) });

  it('marks what nothing named for a week and deletes it a day later', async () => {
    await addWorkspace();
    const key = keyOf(await fixture.made('a', 'unused'));
    expect((await collect(6)).items).toEqual([]);
    expect((await collect(7.1)).items).toEqual([{ action: 'mark', kind: 'object', key, count: 1, bytes: 6 }]);
    expect((await collect(7.5)).items).toEqual([]);
    expect(await fixture.objects.head(key)).toBeDefined();
    const { items, summary } = await collect(8.2);
    expect(items).toEqual([{ action: 'delete', kind: 'object', key, count: 1, bytes: 6 }]);
    expect(summary).toEqual({ marked: { count: 0, bytes: 0 }, deleted: { count: 1, bytes: 6 } });
    expect(await fixture.objects.head(key)).toBeUndefined();
    expect(await fixture.rows('select from objects')).toEqual([]);
  });

  it('only says what it would do in a dry run', async () => {
    await addWorkspace();
    const key = keyOf(await fixture.made('a', 'unused'));
    expect((await collect(7.1, true)).items).toMatchObject([{ action: 'mark', key }]);
    expect(await fixture.rows('select from objects')).toEqual([]);
    await collect(7.1);
    expect((await collect(8.2, true)).items).toMatchObject([{ action: 'delete', key }]);
    expect(await fixture.objects.head(key)).toBeDefined();
    expect(await fixture.rows('select from objects where marked_at is not null')).toHaveLength(1);
  });

  it('keeps what was touched after it was marked', async () => {
    await addWorkspace();
    const key = keyOf(await fixture.made('a', 'touched'));
    await collect(7.1);
    await fixture.rows('update objects set touched_at = $1, marked_at = null', [new Date(Date.now() + 8 * day)]);
    expect((await collect(9)).items).toEqual([]);
    expect(await fixture.objects.head(key)).toBeDefined();
  });

  it('keeps what was put again after it was marked, and counts it as touched', async () => {
    await addWorkspace();
    const key = keyOf(await fixture.made('a', 'again'));
    await fixture.rows(`insert into objects values ('demo', $1, 5, $2, $3)`, [
      key.slice(-64),
      new Date(Date.now() - 20 * day),
      new Date(Date.now() - 10 * day),
    ]);
    expect((await collect(0)).items).toEqual([]);
    expect(await fixture.objects.head(key)).toBeDefined();
    expect(
      await fixture.rows('select from objects where marked_at is null and touched_at > $1', [new Date(Date.now() - day)]),
    ).toHaveLength(1);
  });

  it('keeps everything that an open run may name', async () => {
    const run = await fixture.addRun({ phase: 'running', createdAt: new Date(Date.now() - day) });
    await fixture.made('a', 'of a long run');
    expect((await collect(40)).items).toEqual([]);
    await fixture.setPhase(run, 'dismissed');
    expect((await collect(40)).items).toMatchObject([{ action: 'mark' }]);
    // A run of another workspace, or one accepted later, keeps nothing of it.
    await fixture.addRun({ phase: 'running', workspace: 'other', createdAt: new Date(Date.now() - day) });
    await fixture.addRun({ phase: 'running', createdAt: new Date(Date.now() + 20 * day) });
    expect((await collect(42)).items).toMatchObject([{ action: 'delete' }]);
  });

  it('deletes what runs that are no more left, once it is a week old', async () => {
    const [present, gone] = [await fixture.addRun({ phase: 'successful' }), '01936d2e-7c1a-7000-8000-00000000dead'];
    for (const run of [present, gone]) {
      await fixture.objects.put(`demo/attempts/${run}/tile[3]/1/result.json`, '{}');
      await fixture.objects.put(`demo/values/${run}/a.json`, '[1]');
      await fixture.objects.put(`demo/logs/${run}/tile[3]/1/0.log`, 'hello');
      await fixture.objects.put(`demo/logs/${run}/tile[3]/1/1.log`, 'world');
    }
    await fixture.objects.put('demo/values/no-run/a.json', '1');
    await fixture.objects.put(`demo/results/${gone}/results.json`, '{}');
    expect((await collect(6)).items).toEqual([]);
    const expected = [
      { action: 'delete', kind: 'attempts', key: `demo/attempts/${gone}/`, count: 1, bytes: 2 },
      { action: 'delete', kind: 'values', key: `demo/values/${gone}/`, count: 1, bytes: 3 },
      { action: 'delete', kind: 'logs', key: `demo/logs/${gone}/`, count: 2, bytes: 10 },
    ];
    expect((await collect(8, true)).items).toEqual(expected);
    expect((await collect(8)).items).toEqual(expected);
    expect((await fixture.keys('demo/')).filter((key) => key.includes(gone))).toEqual([`results/${gone}/results.json`]);
    expect((await fixture.keys('demo/')).filter((key) => key.includes(present))).toHaveLength(4);
  });

  it('is done by one at a time', async () => {
    await addWorkspace();
    await fixture.made('a', 'contended');
    const all = await Promise.all([collect(7.1), collect(7.1), collect(7.1)]);
    expect(all.flatMap(({ items }) => items)).toHaveLength(1);
    expect(all.filter(({ summary }) => summary !== undefined).length).toBeGreaterThanOrEqual(1);
  });

  it('deletes more than it locks at a time', async () => {
    await addWorkspace();
    for (let index = 0; index < 250; index++) await fixture.made('a', `many ${index}`);
    await collect(7.1);
    expect((await collect(8.2)).summary?.deleted.count).toBe(250);
    expect(await fixture.keys('demo/objects/')).toEqual([]);
  }, 60_000);
});
