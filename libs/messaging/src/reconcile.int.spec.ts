import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HarvestChanged } from '@runnel/contracts';
import { eventually, removeTestMessaging, testLogger, testNatsUrl, testPrefix } from '@runnel/testing';
import { connect, type Messaging } from './connect.ts';
import { seal } from './envelope.ts';
import { outgoing } from './message.ts';
import { publishWire } from './publisher.ts';
import { ensureTopology } from './reconcile.ts';
import { streamNames, streamPlans } from './topology.ts';

let messaging: Messaging;
let work: string;

beforeEach(async () => {
  messaging = await connect({ url: testNatsUrl(), service: 'operator', prefix: testPrefix(), logger: testLogger() });
  work = streamNames(messaging.prefix).work;
});

afterEach(() => removeTestMessaging(messaging));

/** Resolves to whether the stream took it. */
function publish(): Promise<boolean> {
  const message = outgoing(HarvestChanged, { ...HarvestChanged.golden, move: 1 });
  const wire = seal(message, { id: randomUUID(), time: new Date().toISOString(), service: 'harvester', prefix: messaging.prefix });
  return publishWire(messaging, wire).then(
    () => true,
    () => false,
  );
}

/** Publishes one message after the other, whether there is a stream or not; `end` resolves to how many were taken. */
function publishAllTheTime(): { taken(): number; end(): Promise<void> } {
  let [taken, ended] = [0, false];
  const working = (async () => {
    while (!ended) if (await publish()) taken += 1;
  })();
  return { taken: () => taken, end: () => ((ended = true), working) };
}

const waitingFor = async (durable: string): Promise<number> => (await messaging.jsm.consumers.info(work, durable)).num_pending;

describe('streams and consumers', () => {
  it('bring every message that was taken to all its consumers, also what came while they were made', async () => {
    for (let round = 0; round < 5; round += 1) {
      await messaging.jsm.streams.delete(work).catch(() => false);
      const publishing = publishAllTheTime();
      await ensureTopology(messaging);
      await eventually('the stream takes messages', () => publishing.taken() > 0);
      await publishing.end();
      expect([await waitingFor('api-harvest'), await waitingFor('ingester-harvest')]).toEqual([publishing.taken(), publishing.taken()]);
    }
  });

  it('are finished by the next service where the one that made them died half way', async () => {
    const plan = streamPlans(messaging.prefix).find(({ name }) => name === work);
    await messaging.jsm.streams.add({ ...plan, name: work, max_msg_size: 1 });
    expect(await publish()).toBe(false);
    await ensureTopology(messaging);
    expect(await publish()).toBe(true);
    expect(await waitingFor('api-harvest')).toBe(1);
  });

  it('take over what another release declared, and stay as they are for a second service', async () => {
    await ensureTopology(messaging);
    await messaging.jsm.streams.update(work, { max_bytes: 1024 });
    await publish();
    await Promise.all([ensureTopology(messaging), ensureTopology(messaging)]);
    const { config, state } = await messaging.jsm.streams.info(work);
    expect({ bytes: config.max_bytes, size: config.max_msg_size, messages: state.messages }).toEqual({
      bytes: 2 ** 30,
      size: -1,
      messages: 1,
    });
  });
});
