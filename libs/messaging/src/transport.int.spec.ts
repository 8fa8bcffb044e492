import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { RunOutputsReady, StepFinished } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { createMetrics, runService } from '@runnel/service';
import type { RunningService } from '@runnel/service';
import { eventually, removeTestMessaging, testLogger, testMessaging } from '@runnel/testing';
import { randomUUID } from 'node:crypto';
import type { Messaging } from './connect.ts';
import { listDeadLetters } from './dlq.ts';
import type { Message } from './message.ts';
import { outgoing } from './message.ts';
import { On } from './on.ts';
import { publishUntilStored } from './publisher.ts';
import { durablePlans } from './topology.ts';
import type { DurablePlan } from './topology.ts';
import { RunnelTransport } from './transport.ts';
import type { BatchItem } from './transport.ts';

// `@On` types the method: one that takes the message of another contract does not compile.
class Wrong {
  // @ts-expect-error step.finished has no `process`
  @On(StepFinished)
  handle({ data }: Message<typeof RunOutputsReady>): string {
    return data.process.id;
  }
}

class OddRun extends Error {
  override readonly name = 'OddRun';
}

const seen: string[] = [];
let failing = 0;

@Controller()
class Handlers {
  @On(RunOutputsReady)
  async publish({ data }: Message<typeof RunOutputsReady>): Promise<void> {
    await Promise.resolve();
    if (failing > 0) {
      failing -= 1;
      throw new OddRun(`odd run ${data.run}`);
    }
    seen.push(data.process.id);
  }

  @On(StepFinished)
  toCommand({ data }: Message<typeof StepFinished>): { finish: string } {
    return { finish: data.step };
  }
}

@Module({ controllers: [Handlers] })
class TestModule {}

let messaging: Messaging;
let service: RunningService | undefined;

beforeEach(async () => {
  messaging = await testMessaging();
  seen.length = 0;
  failing = 0;
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await removeTestMessaging(messaging);
});

function planOf(durable: string): DurablePlan {
  const plan = durablePlans(messaging.prefix).find((candidate) => candidate.durable === durable);
  if (!plan) throw new Error(durable);
  return plan;
}

async function start<Command>(transport: RunnelTransport<Command>): Promise<void> {
  service = await runService({
    name: 'test',
    module: TestModule,
    logger: testLogger(),
    operations: { metrics: createMetrics('test'), checks: new Map([['nats', messaging.ping]]) },
    host: '127.0.0.1',
    port: 0,
    strategy: () => transport,
  });
}

const outputsReady = (id: string): DataOf<typeof RunOutputsReady> => ({
  ...RunOutputsReady.golden,
  run: randomUUID(),
  process: { workspace: 'demo', id, version: '1' },
  outputs: {},
});

describe('handlers by contract', () => {
  it('are methods', () => {
    expect(typeof Wrong.prototype.handle).toBe('function');
  });

  it('are awaited one by one, and see the data of their contract', async () => {
    const metrics = createMetrics('test');
    await start(new RunnelTransport({ messaging, metrics, consumers: [{ plan: planOf('ingester-outputs') }] }));
    await publishUntilStored(messaging, outgoing(RunOutputsReady, outputsReady('a')), randomUUID());
    await publishUntilStored(messaging, outgoing(RunOutputsReady, outputsReady('b')), randomUUID());
    await eventually('both were handled', () => seen.length === 2);
    expect(new Set(seen)).toEqual(new Set(['a', 'b']));
    await eventually('they are counted', async () =>
      (await metrics.metrics()).includes('runnel_messages_total{durable="ingester-outputs",outcome="handled",service="test"} 2'),
    );
  });

  it('fail with their own error, which Nest does not mask', async () => {
    failing = 5;
    await start(new RunnelTransport({ messaging, retryDelays: [5], consumers: [{ plan: planOf('ingester-outputs') }] }));
    const data = outputsReady('a');
    await publishUntilStored(messaging, outgoing(RunOutputsReady, data), randomUUID());
    const letters = await eventually('it is buried', async () => {
      const found = await listDeadLetters(messaging);
      return found.length > 0 && found;
    });
    expect(letters[0]).toMatchObject({ reason: `odd run ${data.run}`, count: 5 });
  });

  it('map messages to commands for the sink of a batch, from consumers started and stopped while it runs', async () => {
    const applied: BatchItem<{ finish: string }>[] = [];
    const transport = new RunnelTransport<{ finish: string }>({
      messaging,
      consumers: [{ plan: planOf('ingester-usage'), autostart: false }],
      applyBatch: async (items) => void applied.push(...items),
    });
    await start(transport);
    const finish = async (step: string): Promise<void> => {
      const data: DataOf<typeof StepFinished> = { ...StepFinished.golden, step, outcome: 'success', outputs: {}, logs: [] };
      await publishUntilStored(messaging, outgoing(StepFinished, data), randomUUID());
    };
    await finish('one');
    await transport.startConsumer('ingester-usage');
    await transport.startConsumer('ingester-usage');
    await eventually('it was applied', () => applied.length === 1);
    await transport.stopConsumer('ingester-usage');
    await finish('two');
    await finish('three');
    await transport.startConsumer('ingester-usage');
    await eventually('the others were applied', () => applied.length === 3);
    expect(applied.map(({ command }) => command.finish)).toEqual(['one', 'two', 'three']);
    expect(applied.map(({ message }) => message.contract.name)).toEqual(['step.finished', 'step.finished', 'step.finished']);
    await expect(transport.startConsumer('other')).rejects.toThrow('other is not among the consumers');
  });

  it('are missed at the start, where a durable brings what nobody handles', async () => {
    await expect(start(new RunnelTransport({ messaging, consumers: [{ plan: planOf('ingester-dismissed') }] }))).rejects.toThrow(
      'ingester-dismissed brings run.dismissed, for which there is no @On handler',
    );
  });
});
