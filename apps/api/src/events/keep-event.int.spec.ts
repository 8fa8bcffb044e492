import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { openEvents } from './keep-event.ts';
import type { KeptEvent } from './keep-event.ts';

let place: TestDatabase;
let database: Database;
let workspace: string;
beforeAll(async () => {
  place = await testDatabase();
  database = await openDatabase({ url: place.url, name: 'events-test' });
});
afterAll(async () => {
  await database.close();
  await place.drop();
});
beforeEach(() => {
  workspace = `w${randomUUID().slice(0, 8)}`;
});

const event = (id: string, data: object, of = workspace): KeptEvent => ({
  workspace: of,
  via: 'http',
  event: { attributes: { specversion: '1.0', id, source: '/s', type: 't' }, data: data },
  depth: 0,
});

async function trigger(name: string, more: object = {}): Promise<string> {
  const definition = { on: 'event', type: 't', process: 'p', inputs: {}, ...more };
  const { rows } = await database.pool.query<{ id: string }>(
    `insert into triggers (id, workspace, name, kind, definition, enabled, principal, created_at)
     values (gen_random_uuid(), $1, $2, 'event', $3, true, 'p', now()) returning id`,
    [workspace, name, JSON.stringify(definition)],
  );
  return rows[0]?.id ?? '';
}

const rowsOf = async (text: string): Promise<object[]> => (await database.pool.query<object>(text, [workspace])).rows;
const firings = (): Promise<object[]> =>
  rowsOf(`select event_id as event, item, outcome from trigger_firings f join triggers t on t.id = f.trigger_id
          where f.workspace = $1 order by t.name, event_id, item`);
const kept = (): Promise<object[]> => rowsOf('select id, data from cloud_events where workspace = $1 order by id');

it('events that come together are kept together, each with what it is to start', async () => {
  await trigger('all');
  await trigger('each', { each: 'data.list', filter: 'data.n > 1' });
  const keepEvent = openEvents(database, 8);
  const came = [event('a', { n: 1 }), event('b', { n: 2, list: [1, 2] }), event('c', { n: 3 }), event('d', { n: 9 }, 'elsewhere')];
  expect(await Promise.all(came.map(keepEvent))).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
  const pending = (name: string, item = 0): object => ({ event: name, item, outcome: 'pending' });
  expect(await firings()).toEqual([
    ...[pending('a'), pending('b'), pending('c')],
    ...[pending('b', 0), pending('b', 1), { event: 'c', item: 0, outcome: 'refused' }],
  ]);
  expect(await rowsOf('select attention from triggers where workspace = $1 order by name')).toEqual([
    { attention: null },
    { attention: 'each: data.list is no list' },
  ]);
  expect(await rowsOf('select distinct xmin::text from cloud_events where workspace = $1')).toHaveLength(1);
});

it('of copies that come together the first is kept, and starts what it says', async () => {
  await trigger('each', { each: 'data.list' });
  const keepEvent = openEvents(database, 8);
  const copies = [event('a', { list: [1] }), event('a', { list: [1, 2, 3] }), event('a', {})];
  expect(await Promise.all(copies.map(keepEvent))).toEqual(['accepted', 'known', 'known']);
  expect(await keepEvent(event('a', { list: [1, 2] }))).toBe('known');
  expect(await kept()).toEqual([{ id: 'a', data: { list: [1] } }]);
  expect(await firings()).toEqual([{ event: 'a', item: 0, outcome: 'pending' }]);
});

it('one that the database does not take spoils none of the others', async () => {
  await trigger('all');
  const keepEvent = openEvents(database, 8);
  const settled = await Promise.allSettled([event('a', {}), event('b\0', {}), event('c', {})].map(keepEvent));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await kept()).toMatchObject([{ id: 'a' }, { id: 'c' }]);
  expect(await firings()).toHaveLength(2);
});
