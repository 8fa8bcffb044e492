import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RunAccepted, StepFinished, partitionOf } from '@runnel/contracts';
import { ServiceUnavailable } from '@runnel/service';
import { eventually, removeTestMessaging, testMessaging } from '@runnel/testing';
import { randomUUID } from 'node:crypto';
import type { Messaging } from './connect.ts';
import { consumeBatches, consumeSingly } from './consume.ts';
import type { Consumption } from './consume.ts';
import { listDeadLetters } from './dlq.ts';
import type { Message } from './message.ts';
import { outgoing } from './message.ts';
import { publishUntilStored } from './publisher.ts';
import { durablePlans, partitionDurable, streamNames } from './topology.ts';
import type { DurablePlan } from './topology.ts';

let messaging: Messaging;
let open: Consumption[];

beforeEach(async () => {
  messaging = await testMessaging();
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((consumption) => consumption.close()));
  await removeTestMessaging(messaging);
});

function planOf(durable: string): DurablePlan {
  const plan = durablePlans(messaging.prefix).find((candidate) => candidate.durable === durable);
  if (!plan) throw new Error(durable);
  return plan;
}

/** Run ids of partition 0. */
function runsOf(count: number): string[] {
  const runs: string[] = [];
  while (runs.length < count) {
    const run = randomUUID();
    if (partitionOf(run) === 0) runs.push(run);
  }
  return runs;
}

async function accept(runs: readonly string[]): Promise<void> {
  await Promise.all(runs.map((run) => publishUntilStored(messaging, outgoing(RunAccepted, { workspace: 'demo', run }), randomUUID())));
}

async function pending(): Promise<number> {
  return (await messaging.jsm.streams.info(streamNames(messaging.prefix).work)).state.messages;
}

describe('batch consumer', () => {
  it('gives what arrived meanwhile to one call, and acknowledges after it', async () => {
    const runs = runsOf(50);
    const batches: number[] = [];
    const seen = new Set<string>();
    await accept(runs);
    open.push(
      consumeBatches({
        messaging,
        plan: planOf(partitionDurable(0)),
        handleBatch: async (messages) => {
          batches.push(messages.length);
          for (const message of messages) if (message.run) seen.add(message.run);
          await new Promise((resolve) => setImmediate(resolve));
        },
      }),
    );
    await eventually('all were handled', () => seen.size === 50);
    expect(batches.length).toBeLessThan(50);
    await eventually('interest retention dropped them', async () => (await pending()) === 0);
  });

  it('falls back to one by one, so that only the faulty message waits and ends as a dead letter', async () => {
    const runs = runsOf(10);
    const faulty = runs[4];
    const handled: string[] = [];
    const told: (string | undefined)[] = [];
    await accept(runs);
    open.push(
      consumeBatches({
        messaging,
        plan: planOf(partitionDurable(0)),
        retryDelays: [10],
        onDeadLetter: async (run) => void told.push(run),
        handleBatch: async (messages) => {
          if (messages.some(({ run }) => run === faulty)) throw new Error('boom');
          handled.push(...messages.map(({ run }) => run ?? ''));
        },
      }),
    );
    await eventually('the others were handled', () => handled.length === 9);
    expect(new Set(handled)).toEqual(new Set(runs.filter((run) => run !== faulty)));
    await eventually('the faulty one is buried', () => told.length === 1);
    expect(told).toEqual([faulty]);
    const [letter, ...others] = await listDeadLetters(messaging);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      consumer: 'scheduler-p00',
      run: faulty,
      reason: 'boom',
      count: 5,
      type: 'runnel.run.accepted.v1',
      workspace: 'demo',
    });
    expect(letter?.payload).toBe(JSON.stringify({ workspace: 'demo', run: faulty }));
  });

  it('waits through an outage without counting it against the message', async () => {
    const [run = ''] = runsOf(1);
    let calls = 0;
    const deliveries: number[] = [];
    await accept([run]);
    open.push(
      consumeBatches({
        messaging,
        plan: planOf(partitionDurable(0)),
        handleBatch: async ([message]) => {
          calls += 1;
          if (calls < 4) throw new ServiceUnavailable('Postgres');
          deliveries.push(message?.deliveries ?? 0);
        },
      }),
    );
    await eventually('it was handled', () => deliveries.length === 1);
    expect({ calls, deliveries }).toEqual({ calls: 4, deliveries: [1] });
    expect(await listDeadLetters(messaging)).toEqual([]);
  });

  it('gives back what it did not handle when it closes', async () => {
    const runs = runsOf(20);
    await accept(runs);
    let release: () => void = () => undefined;
    const first: string[] = [];
    const consumption = consumeBatches({
      messaging,
      plan: planOf(partitionDurable(0)),
      size: 5,
      handleBatch: async (messages) => {
        first.push(...messages.map(({ run }) => run ?? ''));
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    });
    await eventually('a batch is in hand', () => first.length > 0);
    const closed = consumption.close();
    release();
    await closed;
    const second: string[] = [];
    open.push(
      consumeBatches({
        messaging,
        plan: planOf(partitionDurable(0)),
        handleBatch: async (messages) => void second.push(...messages.map(({ run }) => run ?? '')),
      }),
    );
    await eventually('the rest was handled', () => first.length + second.length === 20);
    expect(new Set([...first, ...second])).toEqual(new Set(runs));
  });

  it('takes up again after streams and consumers are gone', async () => {
    const seen: string[] = [];
    open.push(
      consumeBatches({
        messaging,
        plan: planOf(partitionDurable(0)),
        handleBatch: async (messages) => void seen.push(...messages.map(({ run }) => run ?? '')),
      }),
    );
    const [before = '', after = ''] = runsOf(2);
    await accept([before]);
    await eventually('the first was handled', () => seen.includes(before));
    for (const name of Object.values(streamNames(messaging.prefix)) as string[]) await messaging.jsm.streams.delete(name);
    await eventually('the durable is back', () =>
      messaging.jsm.consumers.info(streamNames(messaging.prefix).work, partitionDurable(0)).then(
        () => true,
        () => false,
      ),
    );
    await accept([after]);
    await eventually('the second was handled', () => seen.includes(after));
  });
});

describe('single consumer', () => {
  const usage = { wallSeconds: 1, cpuSeconds: 1, maxMemoryBytes: 1, cores: 1, memoryMiB: 1, inputBytes: 1, outputBytes: 1 };
  const finished = (run: string): Parameters<typeof outgoing<typeof StepFinished>>[1] => ({
    ...StepFinished.golden,
    run,
    outcome: 'success',
    outputs: {},
    usage,
    logs: [],
  });

  it('handles at most so many at a time and acknowledges each by itself', async () => {
    const runs = Array.from({ length: 12 }, () => randomUUID());
    for (const run of runs) await publishUntilStored(messaging, outgoing(StepFinished, finished(run)), randomUUID());
    let now = 0;
    let most = 0;
    const seen: string[] = [];
    open.push(
      consumeSingly({
        messaging,
        plan: planOf('ingester-usage'),
        concurrency: 3,
        handle: async (message: Message) => {
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setTimeout(resolve, 5));
          now -= 1;
          seen.push(message.run ?? '');
        },
      }),
    );
    await eventually('all were handled', () => seen.length === 12);
    expect(new Set(seen)).toEqual(new Set(runs));
    expect(most).toBe(3);
  });

  it('brings a message again whose handler failed', async () => {
    const run = randomUUID();
    await publishUntilStored(messaging, outgoing(StepFinished, finished(run)), randomUUID());
    const deliveries: number[] = [];
    open.push(
      consumeSingly({
        messaging,
        plan: planOf('ingester-usage'),
        retryDelays: [10],
        handle: async (message) => {
          deliveries.push(message.deliveries);
          if (message.deliveries < 3) throw new Error('not yet');
        },
      }),
    );
    await eventually('it was handled', () => deliveries.length === 3);
    expect(deliveries).toEqual([1, 2, 3]);
  });

  it('buries what it cannot read, with the reason', async () => {
    const { js, prefix } = messaging;
    await js.publish(`${prefix}.step.finished.p00`, 'not json');
    open.push(consumeSingly({ messaging, plan: planOf('ingester-usage'), handle: async () => undefined }));
    const letters = await eventually('it is buried', async () => {
      const found = await listDeadLetters(messaging);
      return found.length > 0 && found;
    });
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      reason: 'it has no ce-type header',
      count: 1,
      subject: `${prefix}.step.finished.p00`,
      payload: 'not json',
    });
  });

  it('buries the first of those whose handling never ended; the others were only behind it', async () => {
    const runs = [randomUUID(), randomUUID(), randomUUID()];
    for (const run of runs) await publishUntilStored(messaging, outgoing(StepFinished, finished(run)), randomUUID());
    const consumer = await messaging.js.consumers.get(streamNames(messaging.prefix).work, 'ingester-usage');
    // As a process that dies: it takes them and never says a word, here shortened by a nak.
    for (let delivery = 0; delivery < 5; delivery += 1) {
      let taken = 0;
      for await (const raw of await consumer.fetch({ max_messages: 3, expires: 5000 })) {
        raw.nak();
        taken += 1;
        if (taken === 3) break;
      }
    }
    const seen: string[] = [];
    open.push(consumeSingly({ messaging, plan: planOf('ingester-usage'), handle: async (message) => void seen.push(message.run ?? '') }));
    await eventually('the two were handled', () => seen.length === 2);
    const letters = await listDeadLetters(messaging);
    expect(letters).toMatchObject([{ count: 6, reason: 'it was delivered 5 times and its handling never ended' }]);
    expect(new Set([...seen, letters[0]?.run])).toEqual(new Set(runs));
  });

  it('closes at once while it waits for messages', async () => {
    const consumption = consumeSingly({ messaging, plan: planOf('ingester-outputs'), handle: async () => undefined });
    await eventually(
      'it pulls',
      async () => (await messaging.jsm.consumers.info(streamNames(messaging.prefix).work, 'ingester-outputs')).num_waiting === 1,
    );
    await consumption.close();
    const { num_waiting } = await messaging.jsm.consumers.info(streamNames(messaging.prefix).work, 'ingester-outputs');
    expect(num_waiting).toBe(0);
  });
});

describe('the stream', () => {
  it('takes a message of the same id once', async () => {
    const [run = ''] = runsOf(1);
    const id = randomUUID();
    for (let copy = 0; copy < 3; copy += 1) await publishUntilStored(messaging, outgoing(RunAccepted, { workspace: 'demo', run }), id);
    expect(await pending()).toBe(1);
  });
});
