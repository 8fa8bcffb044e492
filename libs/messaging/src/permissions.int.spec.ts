import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CatalogueChanged,
  ExecutorHeartbeat,
  RunAccepted,
  RunOutputsReady,
  RunStatusChanged,
  services,
  StepFinished,
  StepRequested,
} from '@runnel/contracts';
import type { Service } from '@runnel/contracts';
import { freePort, startNatsServer } from '@runnel/embedded';
import type { EmbeddedServer } from '@runnel/embedded';
import { eventually, testLogger } from '@runnel/testing';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from './connect.ts';
import type { Messaging } from './connect.ts';
import { consumePipelines } from './consume-pipelines.ts';
import { consumeSingly } from './consume.ts';
import { buryMessage, dropDeadLetter, listDeadLetters, replayDeadLetter, showDeadLetter } from './dlq.ts';
import { outgoing } from './message.ts';
import { natsServerConfig } from './permissions.ts';
import { publishEphemeral, publishUntilStored, publishWire } from './publisher.ts';
import { ensureShardConsumer, ensureTopology, removeShardConsumer } from './reconcile.ts';
import { followStatus, subscribeEphemeral } from './subscribe.ts';
import { durablePlans, partitionDurable, shardPlan } from './topology.ts';
import { watchDeadLetters } from './watch-dead-letters.ts';

const names = [...services, 'operator'] as const;
let dir: string;
let server: EmbeddedServer;
const bus = new Map<Service | 'operator', Messaging>();

function as(service: Service | 'operator'): Messaging {
  const messaging = bus.get(service);
  if (!messaging) throw new Error(service);
  return messaging;
}

const planet = { name: 'planet', workspace: 'demo', password: 'p-planet' };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'runnel-permissions-'));
  const port = await freePort();
  const users = {
    api: 'p-api',
    scheduler: 'p-scheduler',
    executor: 'p-executor',
    ingester: 'p-ingester',
    harvester: 'p-harvester',
    operator: 'p-operator',
  };
  server = await startNatsServer({ dir, port, config: natsServerConfig({ port, storeDir: join(dir, 'js'), users, pipelines: [planet] }) });
  for (const service of names)
    bus.set(service, await connect({ url: server.url, service, password: users[service], logger: testLogger(service) }));
});

afterAll(async () => {
  await Promise.all([...bus.values()].map((messaging) => messaging.close()));
  await server.stop();
  await rm(dir, { recursive: true });
});

describe('each service with its own user', () => {
  it('those who declare do, the others wait for it', async () => {
    const waiting = ensureTopology(as('executor'));
    await ensureTopology(as('api'));
    await ensureTopology(as('scheduler'));
    await waiting;
    await ensureTopology(as('ingester'));
    await ensureTopology(as('harvester'));
  });

  it('a shard gets its orders and reports', async () => {
    const executor = as('executor');
    await ensureShardConsumer(executor, 'x-1');
    const got: string[] = [];
    const orders = consumeSingly({
      messaging: executor,
      plan: shardPlan('x-1', 'rn'),
      handle: async (message) => void got.push(message.contract.name),
    });
    await publishUntilStored(as('scheduler'), outgoing(StepRequested, StepRequested.golden), randomUUID());
    await eventually('the order came', () => got.length === 1);
    expect(got).toEqual(['step.requested']);
    await publishUntilStored(executor, outgoing(StepFinished, StepFinished.golden), randomUUID());
    await orders.close();
    await removeShardConsumer(as('scheduler'), 'x-1');
    await removeShardConsumer(as('scheduler'), 'x-1');
  });

  it('heartbeats reach the scheduler', async () => {
    const beats: string[] = [];
    const subscription = subscribeEphemeral(as('scheduler'), ExecutorHeartbeat, {}, (message) => void beats.push(message.data.executor));
    await as('scheduler').nc.flush();
    publishEphemeral(as('executor'), outgoing(ExecutorHeartbeat, ExecutorHeartbeat.schema.parse(ExecutorHeartbeat.golden)));
    await eventually('it came', () => beats.length === 1);
    expect(beats).toEqual(['x-1']);
    await subscription.close();
  });

  it('a pipeline publishes on its own subject and reads what its workspace is told, nothing else', async () => {
    const user = { service: 'operator' as const, user: 'pipeline-planet', password: planet.password, logger: testLogger('planet') };
    const pipeline = await connect({ url: server.url, ...user });
    try {
      const got: string[] = [];
      const taken = consumePipelines(as('api'), async ({ workspace, pipeline: name }) => void got.push(`${workspace}/${name}`));
      await pipeline.js.publish('rn.harvest.in.demo.planet', '{}');
      await eventually('the event came', () => got.length === 1);
      expect(got).toEqual(['demo/planet']);
      await taken.close();
      for (const subject of ['rn.harvest.in.other.planet', 'rn.harvest.in.demo.airbus', 'rn.run.accepted.p00'])
        await expect(publishWire(pipeline, { id: randomUUID(), subject, headers: {}, payload: '{}' })).rejects.toThrow(/permission/i);
      const durable = (filter_subject: string) => ({ durable_name: 'pipeline-planet', ack_policy: 'explicit' as const, filter_subject });
      await expect(pipeline.jsm.consumers.add('rn-told', durable('rn.catalogue.changed.other'))).rejects.toThrow(/permission|timeout/i);
      await pipeline.jsm.consumers.add('rn-told', durable('rn.catalogue.changed.demo'));
      for (const workspace of ['other', 'demo'])
        await publishUntilStored(as('ingester'), outgoing(CatalogueChanged, { ...CatalogueChanged.golden, workspace }), randomUUID());
      const told = await (await pipeline.js.consumers.get('rn-told', 'pipeline-planet')).next({ expires: 5000 });
      expect(told?.subject).toBe('rn.catalogue.changed.demo');
      told?.ack();
    } finally {
      await pipeline.close();
    }
  });

  it('an executor cannot read news of runs, nor pretend to be the api', async () => {
    const executor = as('executor');
    await expect(executor.js.consumers.get('rn-work', partitionDurable(0))).rejects.toThrow(/permission|timeout/i);
    const forged = { id: randomUUID(), subject: 'rn.run.accepted.p00', headers: {}, payload: '{}' };
    await expect(publishWire(executor, forged)).rejects.toThrow(/permission/i);
  });

  it('a message that no stream takes, or that a stream refuses, is not taken for stored', async () => {
    const operator = as('operator');
    const wire = { id: randomUUID(), subject: 'rn.nobody.listens', headers: {}, payload: '{}' };
    await expect(publishWire(operator, wire)).rejects.toThrow(/no responders/i);
    await operator.jsm.streams.add({ name: 'tiny', subjects: ['tiny'], max_msg_size: 1 });
    await expect(publishWire(operator, { ...wire, subject: 'tiny' })).rejects.toThrow(/maximum/i);
    await operator.jsm.streams.delete('tiny');
  });

  it('what is outstanding when a connection is closed is not taken for stored', async () => {
    const other = await connect({ url: server.url, service: 'operator', password: 'p-operator', logger: testLogger() });
    await other.jsm.streams.add({ name: 'silent', subjects: ['silent'], no_ack: true });
    const published = publishWire(other, { id: randomUUID(), subject: 'silent', headers: {}, payload: '{}' });
    published.catch(() => undefined);
    await other.close();
    await expect(published).rejects.toThrow(/closed/i);
    await as('operator').jsm.streams.delete('silent');
  });

  it('a wrong password is refused at once', async () => {
    await expect(connect({ url: server.url, service: 'api', password: 'wrong', logger: testLogger() })).rejects.toThrow(/authorization/i);
  });

  it.each(['operator', 'api'] as const)('dead letters are told, listed, replayed and dropped by the %s', async (user) => {
    const ingester = as('ingester');
    const told: (string | undefined)[] = [];
    const watching = watchDeadLetters(as('scheduler'), async (dead) => void told.push(dead.run));
    const plan = durablePlans('rn').find(({ durable }) => durable === 'ingester-outputs');
    if (!plan) throw new Error('no plan');
    let broken = true;
    let handled = 0;
    const consumption = consumeSingly({
      messaging: ingester,
      plan,
      retryDelays: [5],
      handle: async () => {
        if (broken) throw new Error('cannot\nread it');
        handled += 1;
      },
    });
    await publishUntilStored(as('scheduler'), outgoing(RunOutputsReady, RunOutputsReady.golden), randomUUID());
    const tending = as(user);
    const [letter] = await eventually('it is buried', async () => {
      const letters = await listDeadLetters(tending);
      return letters.length > 0 && letters;
    });
    if (!letter) throw new Error('none');
    expect(letter).toMatchObject({
      consumer: 'ingester-outputs',
      reason: 'cannot read it',
      workspace: 'demo',
      type: 'runnel.run.outputs-ready.v1',
    });
    expect(await showDeadLetter(tending, letter.seq)).toEqual(letter);
    await eventually('the scheduler knows', () => told.length === 1);
    broken = false;
    expect(await replayDeadLetter(tending, letter.seq)).toBe(true);
    await eventually('it was handled', () => handled === 1);
    expect(await listDeadLetters(tending)).toEqual([]);
    expect(await dropDeadLetter(tending, letter.seq)).toBe(false);
    expect(await replayDeadLetter(tending, letter.seq)).toBe(false);
    const data = new TextEncoder().encode('{}');
    const dead = { consumer: 'ingester-usage', subject: 'rn.step.finished.p00', headers: undefined, data, reason: 'x', seq: user.length };
    await buryMessage(ingester, { ...dead, count: 1 });
    // Killed before the ack, it is delivered and buried once more.
    await buryMessage(ingester, { ...dead, count: 2 });
    const [second, ...others] = await listDeadLetters(tending);
    expect(others).toEqual([]);
    expect(await dropDeadLetter(tending, second?.seq ?? 0)).toBe(true);
    await Promise.all([consumption.close(), watching.close()]);
  });

  it('the api follows status', async () => {
    const seen: number[] = [];
    const following = followStatus(as('api'), (message) => void seen.push(message.data.version));
    let version = 0;
    await eventually('a status came', async () => {
      version += 1;
      await publishUntilStored(as('scheduler'), outgoing(RunStatusChanged, { ...RunStatusChanged.golden, version }), randomUUID());
      return seen.length > 0;
    });
    await following.close();
    expect(seen[0]).toBeGreaterThan(0);
  });

  it('accepts what the api accepts', async () => {
    await publishUntilStored(as('api'), outgoing(RunAccepted, RunAccepted.golden), randomUUID());
  });
});
