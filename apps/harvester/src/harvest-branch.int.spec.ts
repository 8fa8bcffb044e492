import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Messaging } from '@runnel/messaging';
import { openObjectStore } from '@runnel/objects';
import { openDatabase, type Database } from '@runnel/postgres';
import { removeTestMessaging, testDatabase, testLogger, testMessaging, type TestDatabase } from '@runnel/testing';
import { harvestBranch } from './harvest-branch.ts';
import type { HarvesterParts } from './tell-changes.ts';
import { tellUnheard } from './unheard.ts';
import type { WatchedBranch } from './watched.ts';

let root: string;
let test: TestDatabase;
let database: Database;
let messaging: Messaging;
let parts: HarvesterParts;
let watched: WatchedBranch;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'runnel-branch-'));
  const remote = join(root, 'remote.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote]);
  test = await testDatabase();
  database = await openDatabase({ url: test.url, name: 'harvester test' });
  messaging = await testMessaging();
  const objects = await openObjectStore(pathToFileURL(`${root}/objects/`).href);
  parts = { database, objects, messaging, relay: { kick: () => undefined }, workDir: join(root, 'copies') };
  watched = { repository: remote, branch: 'main', paths: ['**/*.json'], workspace: 'demo', allowFile: true };
});
afterEach(async () => {
  await removeTestMessaging(messaging);
  await database.close();
  await test.drop();
  rmSync(root, { recursive: true, force: true });
});

/** A commit of these files, made without a working tree. */
function commit(files: Iterable<[path: string, content: string]>): void {
  const lines = ['commit refs/heads/main', 'committer t <t@example.org> 0 +0000', 'data 1', 'x'];
  for (const [path, content] of files) lines.push(`M 100644 inline ${path}`, `data ${Buffer.byteLength(content)}`, content);
  execFileSync('git', ['-C', watched.repository, 'fast-import', '--quiet', '--force', '--depth=0'], { input: `${lines.join('\n')}\n` });
}

interface Told {
  move: number;
  commit: string;
  changes: { path: string; change: string; content?: unknown; refused?: string }[];
}
async function told(): Promise<{ payload: string; data: Told }[]> {
  const { rows } = await database.pool.query<{ payload: string }>('select payload from outbox order by seq');
  return rows.map(({ payload }) => ({ payload, data: JSON.parse(payload) as Told }));
}

describe('a commit', () => {
  it('of 100,000 files is told in messages of a bounded size, each file once', async () => {
    const count = 100_000;
    commit(Array.from({ length: count }, (_, n) => [`d${n % 1000}/f${n}.json`, `{"n": ${n}}`]));
    expect(await harvestBranch(parts, watched)).toBe(count);
    const messages = await told();
    expect(new Set(messages.flatMap(({ data }) => data.changes.map(({ path }) => path))).size).toBe(count);
    expect(messages.flatMap(({ data }) => data.changes)).toHaveLength(count);
    expect(Math.max(...messages.map(({ payload }) => payload.length))).toBeLessThan(512 * 1024);
    expect(await harvestBranch(parts, watched)).toBe(0);
  }, 300_000);

  it('whose text grows as JSON, or is long, travels beside its message; one that is no text is refused', async () => {
    commit([
      ['quotes.json', '"'.repeat(190_000)],
      ['control.json', '\u0001'.repeat(190_000)],
      ['long.json', 'x'.repeat(5_000_000)],
      ['short.json', '{}'],
    ]);
    await harvestBranch(parts, watched);
    const messages = await told();
    expect(Math.max(...messages.map(({ payload }) => payload.length))).toBeLessThan(512 * 1024);
    const contents = new Map(messages.flatMap(({ data }) => data.changes.map(({ path, content }) => [path, content])));
    expect(contents.get('short.json')).toBe('{}');
    for (const path of ['quotes.json', 'control.json', 'long.json'])
      expect(contents.get(path)).toEqual({ $stored: { key: expect.stringMatching(/^demo\/values\/harvest\/[0-9a-f]{64}$/) } });
  });

  it('that cannot be told to its end is not told at all', async () => {
    const short = ['a', 'b', 'c', 'd'].map((name): [string, string] => [`${name}.json`, 'x'.repeat(150_000)]);
    const long: [string, string] = ['z.json', 'x'.repeat(250_000)];
    commit([...short, long]);
    const put = (): Promise<never> => Promise.reject(new Error('the store is away'));
    await expect(harvestBranch({ ...parts, objects: { ...parts.objects, put } }, watched)).rejects.toThrow('the store is away');
    expect(await told()).toEqual([]);
    expect(await harvestBranch(parts, watched)).toBe(5);
    expect((await told()).length).toBeGreaterThan(1);
  }, 60_000);

  it('is told with a higher number than the one before, and everything again where the copy was lost', async () => {
    commit([
      ['a.json', '1'],
      ['b.json', '1'],
    ]);
    await harvestBranch(parts, watched);
    rmSync(parts.workDir, { recursive: true });
    await database.pool.query(
      `
insert into harvested_documents (workspace, repository, branch, path, collection, item, document, move)
select 'demo', $1, 'main', p, 'c', p, '{}', 1 from unnest(array['a.json', 'gone.json']) p`,
      [watched.repository],
    );
    commit([['a.json', '2']]);
    await harvestBranch(parts, watched);
    const [first, second] = (await told()).map(({ data }) => data);
    expect([first?.move, second?.move]).toEqual([1, 2]);
    expect(second?.changes.map(({ path, change }) => `${change} ${path}`).sort()).toEqual(['added a.json', 'deleted gone.json']);
  });
});

describe('news that nobody hears of', () => {
  const later = (seconds: number) =>
    database.pool.query(`update unheard_news set told_at = told_at - make_interval(secs => $1)`, [seconds]);
  const handle = (path: string) =>
    database.pool.query(
      `insert into deployments (repository, branch, commit, path, workspace, outcome, at)
       select repository, branch, commit, $1, workspace, 'catalogued', now() from unheard_news limit 1`,
      [path],
    );
  const kept = async (): Promise<number> =>
    Number((await database.pool.query<{ n: string }>('select count(*) as n from unheard_news')).rows[0]?.n);

  beforeEach(async () => {
    commit([
      ['a.json', '{}'],
      ['b.json', '{}'],
    ]);
    await harvestBranch(parts, watched);
  });

  it('are told again as the same message, each time after twice as long', async () => {
    expect(await tellUnheard(parts, testLogger())).toBe(0);
    await later(31);
    expect(await tellUnheard(parts, testLogger())).toBe(1);
    await later(31);
    expect(await tellUnheard(parts, testLogger())).toBe(0);
    await later(30);
    expect(await tellUnheard(parts, testLogger())).toBe(1);
    const { rows } = await database.pool.query<{ id: string; headers: object; payload: string }>('select id, headers, payload from outbox');
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
  });

  it('are forgotten when what came of each file is known, not before', async () => {
    await handle('a.json');
    await later(31);
    expect(await tellUnheard(parts, testLogger())).toBe(1);
    await handle('b.json');
    await later(600);
    expect(await tellUnheard(parts, testLogger())).toBe(0);
    expect(await kept()).toBe(0);
  });

  it('are given up in the end', async () => {
    for (let n = 0; n < 8; n += 1) {
      await later(10_000);
      await tellUnheard(parts, testLogger());
    }
    expect(await kept()).toBe(0);
    expect(await told()).toHaveLength(6);
  });
});
