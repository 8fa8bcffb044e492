import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openObjectStore, putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { testDatabase } from '@runnel/testing';
import { insertEntries, listEntries } from './entries.ts';
import type { AuditEntry } from './entries.ts';
import { auditHeadKey, headOf } from './head.ts';
import { lastSeal, sealEntries } from './seals.ts';
import { verifyAudit } from './verify.ts';

const entry: AuditEntry = {
  at: new Date('2026-01-02T03:04:05.678Z'),
  workspace: 'd',
  caller: 'c',
  principal: 'token:t',
  action: 'run.read',
  allowed: false,
  reason: 'foreign',
  method: 'GET',
  target: '/d/ogc-api/jobs',
  request: 'r',
  address: '127.0.0.1',
  times: 1,
};

let own: Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let objects: ObjectStore;
let folder: string;
beforeAll(async () => {
  own = await testDatabase();
  database = await openDatabase({ url: own.url, name: 'audit-test' });
});
afterAll(async () => {
  await database.close();
  await own.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-audit-'));
  objects = await openObjectStore(`${pathToFileURL(folder).href}/`);
});
afterEach(async () => {
  await asOwner('truncate audit, audit_seals restart identity');
  await rm(folder, { recursive: true });
});

/** Three seals of two entries each, and their head. */
async function fill(): Promise<void> {
  for (let number = 0; number < 3; number += 1) {
    await insertEntries(database, [entry, { ...entry, allowed: true, reason: null, caller: null }]);
    await sealEntries(database);
  }
  await putValue(objects, auditHeadKey, headOf(await lastSeal(database)));
}

/** As whom the tables belong to can. */
async function asOwner(...statements: string[]): Promise<void> {
  const all = (what: string) => ['audit', 'audit_seals'].map((table) => `alter table ${table} ${what} trigger user`);
  await database.pool.query([...all('disable'), ...statements, ...all('enable')].join(';'));
}

describe('the audit log', () => {
  it('keeps what it was told, whatever it is', async () => {
    const odd = { ...entry, principal: 'user:\0\ud800', target: 'x'.repeat(2000), workspace: null };
    await insertEntries(database, [entry, odd]);
    const [first, second] = await listEntries(database, { limit: 10 });
    expect(first).toEqual({ seq: '1', ...entry });
    expect(second).toMatchObject({ principal: 'user:\u{fffd}\u{fffd}', target: 'x'.repeat(500), workspace: null });
    expect(await listEntries(database, { limit: 10, workspace: 'e' })).toEqual([]);
    expect(await listEntries(database, { limit: 1, workspace: 'c', allowed: false })).toMatchObject([{ seq: '2' }]);
  });

  it('is changed by nobody', async () => {
    await fill();
    for (const table of ['audit', 'audit_seals'])
      for (const statement of [`update ${table} set at = now()`, `delete from ${table}`, `truncate ${table}`])
        await expect(database.pool.query(statement)).rejects.toThrow('are never changed');
  });

  it('is sealed once, by many at a time, and leaves to the next seal what is not committed', async () => {
    const open = await database.pool.connect();
    await open.query('begin');
    await open.query(`insert into audit (at, principal, action, allowed) values (now(), 'late', 'run.read', false)`);
    await insertEntries(database, [entry]);
    const sealing = Promise.all(Array.from({ length: 4 }, () => sealEntries(database)));
    await open.query('commit');
    open.release();
    const seals = await sealing;
    expect(seals.filter((seal) => seal !== undefined).length).toBeLessThanOrEqual(1);
    await sealEntries(database);
    expect(await sealEntries(database)).toBeUndefined();
    expect(await verifyAudit(database, objects)).toMatchObject({ sealed: 2, open: 0, faults: [] });
  });

  it('that is whole says so, with entries that wait for a seal', async () => {
    await fill();
    await insertEntries(database, [entry]);
    expect(await verifyAudit(database, objects)).toEqual({ seals: 3, sealed: 6, open: 1, faults: [] });
  });

  it.each([
    ['an entry was changed', [`update audit set principal = 'token:u' where seq = 3`], /^seal 2 .* is broken/],
    ['an entry was called allowed', [`update audit set allowed = true, reason = null where seq = 3`], /^seal 2 .* is broken/],
    ['an entry was removed', ['delete from audit where seq = 6'], /^seal 3 .* is broken/],
    ['two entries were exchanged', ['update audit set seq = default where seq = 1'], /^seal 1 .* is broken/],
    [
      'an entry was slipped in',
      [
        'delete from audit where seq = 4',
        `insert into audit (seq, at, principal, action, allowed) overriding system value values (4, now(), 'token:u', 'run.read', true)`,
      ],
      /^seal 2 .* is broken/,
    ],
    ['a seal was removed', ['delete from audit_seals where number = 2'], /^seal 3 .* does not follow seal 1/],
    [
      'the end was cut off',
      ['delete from audit_seals where number = 3', 'delete from audit where seq > 4'],
      /knows seal 3, the database does not/,
    ],
    ['all was removed', ['delete from audit_seals', 'delete from audit'], /knows seal 3, the database does not/],
    [
      'the end was written anew',
      ['delete from audit_seals where number = 3', 'delete from audit where seq > 4', 'anew'],
      /^seal 3 is not the one that the object store knows/,
    ],
    ['the head was removed', ['headless'], /has no head of the chain/],
    ['the head was overwritten', ['beheaded'], /cannot be read/],
  ])('tells where %s', async (_what, statements, fault) => {
    await fill();
    await asOwner(...statements.filter((text) => text.includes(' ')));
    if (statements.includes('anew')) {
      await insertEntries(database, [entry]);
      await sealEntries(database);
    }
    if (statements.includes('headless')) await objects.delete(auditHeadKey);
    if (statements.includes('beheaded')) await objects.put(auditHeadKey, '"');
    const { faults } = await verifyAudit(database, objects);
    expect(faults).toEqual(expect.arrayContaining([expect.stringMatching(fault)]));
  });
});
