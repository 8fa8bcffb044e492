import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from '@runnel/testing';
import { removeFolder, startUp, type Up } from './up.ts';

/** A pipeline as its authors write one: the NATS client, its user and password, and what docs/triggers.md says. */
let up: Up;
let folder: string;
let planet: NatsConnection;
let js: JetStreamClient;
const own = 'rn.harvest.in.demo.planet';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-pipelines-'));
  const file = join(folder, 'pipelines.json');
  const pipelines = ['planet', 'airbus'].map((name) => ({ name, workspace: 'demo', password: `a password of ${name}` }));
  writeFileSync(file, JSON.stringify(pipelines));
  up = await startUp({ args: ['--pipelines', file] });
  const servers = /^NATS +(\S+)/m.exec(up.output())?.[1] ?? '';
  const user = 'pipeline-planet';
  await expect(connect({ servers, user, pass: 'a password of airbus', maxReconnectAttempts: 0 })).rejects.toThrow(/authorization/i);
  planet = await connect({ servers, user, pass: 'a password of planet', inboxPrefix: `_INBOX_${user}` });
  js = jetstream(planet, { checkAPI: false });
}, 120_000);
afterAll(async () => {
  await planet.close();
  await up.stop();
  removeFolder(up.folder);
  rmSync(folder, { recursive: true });
}, 60_000);

const say = (value: unknown): Promise<unknown> => js.publish(own, typeof value === 'string' ? value : JSON.stringify(value));
const list = async <T>(path: string): Promise<T> => (await (await up.request(`/api/v1/${path}`)).json()) as T;

it('publishes events that start runs, once', async () => {
  const definition = join(folder, 'trigger.yml');
  writeFileSync(definition, 'on: event\ntype: scene.*\nprocess: echo\ninputs: { message: { from: data.tile } }\n');
  await up.runnel(['trigger', 'create', 'scenes', definition]);
  const event = { specversion: '1.0', id: '1', source: '/planet', type: 'scene.added', data: { tile: 'T30' } };
  await say(event);
  await say(event);
  await say({ ...event, id: '2' });
  await eventually('both events have their runs', async () => {
    const { firings } = await list<{ firings: { event: string; outcome: string }[] }>('workspaces/demo/triggers/scenes');
    return (
      firings
        .map(({ event: id, outcome }) => `${id} ${outcome}`)
        .sort()
        .join() === '1 started,2 started'
    );
  });
  const change = { id: 'c', bucket_name: 'b', source: 's/', target: 't/', added_keys: ['x/a.json'], updated_keys: [], deleted_keys: [] };
  await say(change);
  await eventually('a catalogue change is an event', async () =>
    (await list<{ events: { type: string }[] }>('events')).events.some(({ type }) => type === 'runnel.catalogue.changed.v1'),
  );
}, 60_000);

it('is told what was refused, and why; it is kept', async () => {
  const told: string[] = [];
  planet.subscribe('rn.event.refused.demo', { callback: (_error, message) => void told.push(message.json<{ reason: string }>().reason) });
  await planet.flush();
  await say('not JSON');
  await say({ specversion: '1.0', id: '3' });
  await say('x'.repeat(600 * 1024));
  const wanted = [/^the body is not JSON/, /source/, /^it has 614400 bytes, the limit is 524288/];
  await eventually('three were refused', () => Promise.resolve(told.length === 3));
  for (const reason of wanted) expect(told.some((one) => reason.test(one))).toBe(true);
  const { refused } = await list<{ refused: { via: string; reason: string }[] }>('events/refused');
  expect(refused.map(({ via, reason }) => [via, told.includes(reason)])).toEqual(told.map(() => ['pipeline/planet', true]));
  // What no server takes is refused before it is sent.
  await expect(say('x'.repeat(5 * 1024 * 1024))).rejects.toThrow(/max_payload/);
  const large = {
    method: 'POST',
    body: JSON.stringify({ specversion: '1.0', id: '5', source: '/s', type: 't', data: 'x'.repeat(5 * 1024 * 1024) }),
  };
  expect((await up.request('/api/v1/events', { ...large, headers: { 'content-type': 'application/json' } })).status).toBe(413);
}, 60_000);

it('hears of its workspace’s catalogue, also later, and of nothing else', async () => {
  const subject = 'rn.catalogue.changed.demo';
  const manager = await jetstreamManager(planet, { checkAPI: false });
  const consumer = { durable_name: 'pipeline-planet', ack_policy: 'explicit' as const };
  await manager.consumers.add('rn-told', { ...consumer, filter_subject: subject });
  const forbidden = /permissions violation/i;
  await expect(manager.consumers.add('rn-told', { ...consumer, filter_subject: 'rn.catalogue.changed.other' })).rejects.toThrow(forbidden);
  await expect(manager.consumers.add('rn-told', { ...consumer, durable_name: 'pipeline-airbus', filter_subject: subject })).rejects.toThrow(
    forbidden,
  );
  await expect(manager.streams.info('rn-work')).rejects.toThrow(forbidden);
  for (const other of ['rn.harvest.in.other.planet', 'rn.harvest.in.demo.airbus', 'rn.run.accepted.p00', 'rn.catalogue.changed.demo'])
    await expect(js.publish(other, '{}')).rejects.toThrow(forbidden);
  for (const other of ['rn.>', 'rn.catalogue.changed.other', '_INBOX.>']) {
    const refusal = new Promise<string>((resolve) => planet.subscribe(other, { callback: (error) => resolve(error?.message ?? 'heard') }));
    await planet.flush();
    expect(await refusal).toMatch(forbidden);
  }
}, 60_000);
