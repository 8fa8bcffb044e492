import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StepFinished, StepStarted } from '@runnel/contracts';
import { outgoing, publishUntilStored, streamNames } from '@runnel/messaging';
import { eventually } from '@runnel/testing';
import { randomUUID } from 'node:crypto';
import { chain, packageOf, step, tool, wide, workflow } from './spec/documents.ts';
import { install } from './spec/installation.ts';
import type { Installation } from './spec/installation.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

const typesOf = async (run: string): Promise<string[]> => (await at.events(run)).map(({ type }) => type);
const timing = { reconcileEvery: 1, quiet: 1 };

describe('news that come twice, late or out of order', () => {
  it('change nothing', async () => {
    const executor = await at.executor({ answer: () => 'start-only' });
    at.ingester();
    await at.scheduler();
    const run = await at.accept(chain, { x: 1 });
    await eventually('a is requested', () => executor.requests.length === 1);
    const [request] = executor.requests;
    if (!request) throw new Error('no request');
    const usage = { wallSeconds: 0, cpuSeconds: 0, maxMemoryBytes: 0, cores: 1, memoryMiB: 256, inputBytes: 0, outputBytes: 0 };
    const time = new Date().toISOString();
    const ref = { workspace: 'demo', run, step: 'a', executor: 'x-1' };
    const finished = (attempt: number, out: string) =>
      outgoing(StepFinished, {
        ...ref,
        attempt,
        startedAt: time,
        finishedAt: time,
        outcome: 'success',
        outputs: { out },
        result: 'demo/r',
        usage,
        logs: [],
      });
    // Of an attempt that was never asked for; then the truth, twice; then another story, and the start once more.
    for (const message of [finished(7, 'wrong'), finished(1, 'right'), finished(1, 'right'), finished(1, 'changed')])
      await publishUntilStored(at.messaging, message, randomUUID());
    await publishUntilStored(at.messaging, outgoing(StepStarted, { ...ref, attempt: 1, at: time }), randomUUID());
    await eventually('b is requested', () => executor.requests.length === 2);
    expect(executor.requests[1]).toMatchObject({ step: 'b', inputs: { x: 'right' } });
    await executor.finish(executor.requests[1] ?? request);
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect((await typesOf(run)).filter((type) => type === 'step.finished')).toHaveLength(2);
  });
});

describe('attempts that fail', () => {
  it("end the run with the tool's own reason", async () => {
    await at.executor({ answer: ({ step }) => (step === 'b' ? 'failed' : 'success') });
    at.ingester();
    await at.scheduler();
    const run = await at.accept(chain, { x: 1 });
    expect(await at.ended(run)).toMatchObject({
      phase: 'failed',
      stopped: true,
      failure: { class: 'tool', reason: 'the tool exited with code 3', step: 'b' },
    });
    expect(await at.steps(run)).toMatchObject([{ state: 'successful' }, { state: 'failed', exit_code: 3 }]);
    const { rows } = await at.database.pool.query('select 1 from ready_nodes union all select 1 from timers');
    expect(rows).toHaveLength(0);
  });

  it('are tried again after a wait where the infrastructure is at fault', async () => {
    const executor = await at.executor({ answer: ({ attempt }) => (attempt === 1 ? 'infrastructure' : 'success') });
    at.ingester();
    await at.scheduler();
    const run = await at.accept(packageOf(workflow(['x'], [step('a', 'say', { x: 'x' })], { y: 'a/out' }), tool('say', ['x'])), { x: 1 });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect(executor.requests.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(await typesOf(run)).toEqual(expect.arrayContaining(['step.retry-scheduled', 'timer.fired']));
    expect(await at.steps(run)).toMatchObject([{ attempt: 2, state: 'successful', failure: null }]);
  });

  it('go to another executor when theirs is lost', async () => {
    const lost = await at.executor({ id: 'x-lost', answer: () => 'start-only' });
    at.ingester();
    await at.scheduler({ executorLease: 2 });
    const run = await at.accept(chain, { x: 1 });
    await eventually('the first one has it', () => lost.requests.length === 1);
    await lost.close();
    const other = await at.executor({ id: 'x-other' });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect(other.requests.map(({ step, attempt }) => [step, attempt])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('are repeated when an executor comes back under its name and has forgotten them', async () => {
    const executor = await at.executor({ answer: (_, times) => (times === 1 ? 'start-only' : 'success') });
    at.ingester();
    await at.scheduler();
    const run = await at.accept(chain, { x: 1 });
    await eventually('it has started', async () => (await typesOf(run)).includes('step.started'));
    executor.held.clear();
    await eventually('it is asked again', () => executor.requests.some(({ attempt }) => attempt === 2));
    await executor.finish(executor.requests.find(({ attempt }) => attempt === 2) ?? executor.requests[0]!);
    await eventually('b is asked for', () => executor.requests.some(({ step }) => step === 'b'));
    await executor.finish(executor.requests.find(({ step }) => step === 'b') ?? executor.requests[0]!);
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
  });
});

describe('what was lost on the way', () => {
  it('is found again: the acceptance, a request, the news of an end', async () => {
    const executor = await at.executor({
      answer: ({ step }, times) => (step === 'a' && times === 1 ? 'silence' : step === 'b' ? 'object-only' : 'success'),
    });
    at.ingester();
    await at.scheduler(timing);
    const run = await at.accept(chain, { x: 1 }, { tell: false });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect(executor.requests.filter(({ step }) => step === 'a').length).toBeGreaterThan(1);
    expect((await at.steps(run)).map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it('is found again when the streams are deleted in the middle of a run', async () => {
    let deleted = false;
    const executor = await at.executor({
      answer: async () => {
        if (executor.requests.length > 5 && !deleted) {
          deleted = true;
          const { work, orders } = streamNames(at.messaging.prefix);
          await Promise.all([work, orders].map((name) => at.messaging.jsm.streams.delete(name)));
        }
        return 'success' as const;
      },
    });
    at.ingester();
    await at.scheduler(timing);
    const run = await at.accept(wide, { list: Array.from({ length: 30 }, (_, index) => index) });
    expect(await at.ended(run, 45_000)).toMatchObject({ phase: 'successful' });
    expect(deleted).toBe(true);
    const outputs = (await at.events(run)).find(({ type }) => type === 'run.outputs-ready');
    expect(outputs?.data).toEqual({ outputs: { all: Array.from({ length: 30 }, (_, index) => index) } });
  });

  it('is found again when the results are not answered', async () => {
    await at.executor();
    await at.scheduler(timing);
    const run = await at.accept(chain, { x: 1 }, { catalogue: true });
    await eventually('it is publishing', async () => (await at.row(run)).phase === 'publishing');
    const { work } = streamNames(at.messaging.prefix);
    await at.messaging.jsm.streams.purge(work);
    at.ingester();
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
  });
});

describe('dismissal', () => {
  it('is final at once, stops what runs and then says so', async () => {
    const executor = await at.executor({ answer: () => 'start-only' });
    await at.scheduler();
    const run = await at.accept(wide, { list: [1, 2, 3] });
    await eventually('all three run', async () => (await at.steps(run)).filter(({ state }) => state === 'running').length === 3);
    await at.dismiss(run);
    await eventually('it has stopped', async () => (await at.row(run)).stopped);
    expect(await at.row(run)).toMatchObject({ phase: 'dismissed', attention: null });
    // Asked again on a slow machine, where the confirmation takes its time.
    expect([...new Set(executor.stops.flatMap(({ steps }) => steps.map(({ step }) => step)))].sort()).toEqual([
      'each[0]',
      'each[1]',
      'each[2]',
    ]);
    expect((await at.steps(run)).map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
    expect((await at.events(run)).at(-1)?.type).toBe('run.stopped');
  });

  it('asks again while nobody confirms, and calls for attention', async () => {
    const executor = await at.executor({ answer: () => 'start-only', confirmStops: false });
    await at.scheduler({ stopAgain: 1, stopAlert: 2 });
    const run = await at.accept(wide, { list: [1] });
    await eventually('it runs', async () => (await at.steps(run)).some(({ state }) => state === 'running'));
    await at.dismiss(run);
    await eventually('it was asked more than once', () => executor.stops.length > 1);
    const row = await eventually('somebody should look', async () => {
      const found = await at.row(run);
      return found.attention !== null && found;
    });
    expect(row).toMatchObject({ phase: 'dismissed', stopped: false });
    expect(row.attention).toMatch(/not confirmed as stopped after 2 s: each\[0\] on executor x-1/);
  });
});

describe('a node that waits', () => {
  it('has a reason', async () => {
    await at.executor();
    await at.scheduler();
    const large = { class: 'ResourceRequirement', coresMin: 64 };
    const run = await at.accept(packageOf(workflow(['x'], [step('a', 'say', { x: 'x' })], { y: 'a/out' }), tool('say', ['x'], [large])), {
      x: 1,
    });
    const reason = async (): Promise<string | undefined> => {
      const { rows } = await at.database.pool.query<{ reason: string }>('select reason from ready_nodes where run_id = $1', [run]);
      return rows[0]?.reason;
    };
    await eventually('the reason stands', async () => (await reason()) === 'needs 64 cores, the largest executor has 2');
  });
});
