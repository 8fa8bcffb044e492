import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { chain } from './spec/documents.ts';
import { install } from './spec/installation.ts';
import type { Installation } from './spec/installation.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

const rows = async <T extends object>(text: string): Promise<T[]> => (await at.database.pool.query<T>(text)).rows;

describe('how long things may take', () => {
  it('a step that exceeds it fails its run, also where the scheduler that began it is gone', async () => {
    const executor = await at.executor({ answer: () => 'start-only' });
    const first = await at.scheduler({}, 'one');
    const run = await at.accept(chain, { x: 1 }, { limits: { step: 4 } });
    await eventually('its timer is set', async () => (await rows(`select from timers where kind = 'step-limit'`)).length === 1);
    await first.close();
    await at.scheduler({}, 'two');
    const reason = "the step took longer than the limit of the run's steps of 4 s";
    expect(await at.ended(run)).toMatchObject({ phase: 'failed', failure: { class: 'time-limit', reason, step: 'a' } });
    await eventually('it was stopped', async () => (await at.row(run)).stopped);
    expect(executor.stops).toMatchObject([{ run, steps: [{ step: 'a', attempt: 1 }] }]);
    expect(await at.steps(run)).toMatchObject([{ step: 'a', state: 'stopped', failure: { reason } }]);
    expect(await rows('select from timers')).toEqual([]);
  });

  it('a run that exceeds it fails; one that ends before leaves no timer', async () => {
    let slow = false;
    await at.executor({ answer: () => (slow ? 'start-only' : 'success') });
    at.ingester();
    await at.scheduler();
    const quick = await at.accept(chain, { x: 1 }, { limits: { run: 3600, step: 3600 } });
    expect(await at.ended(quick)).toMatchObject({ phase: 'successful' });
    expect(await rows('select from timers')).toEqual([]);
    slow = true;
    const run = await at.accept(chain, { x: 1 }, { limits: { run: 1 } });
    const reason = 'the run took longer than its limit of 1 s';
    expect(await at.ended(run)).toMatchObject({ phase: 'failed', failure: { class: 'time-limit', reason } });
  });
});

describe('an executor that is drained', () => {
  const drain = (seconds: number): Promise<unknown> =>
    at.database.pool.query(
      `insert into cordons (executor, reason, set_by, until) values ('x-1', 'a new disk', 'test', now() + make_interval(secs => $1))`,
      [seconds],
    );

  it('keeps what runs until the limit, then another carries it on, and no failure is counted', async () => {
    const first = await at.executor({ id: 'x-1', answer: () => 'start-only' });
    at.ingester();
    await at.scheduler();
    const run = await at.accept(chain, { x: 1 });
    await eventually('it runs', async () => (await at.steps(run))[0]?.state === 'running');
    await drain(4);
    const second = await at.executor({ id: 'x-2' });
    expect(second.requests).toEqual([]);
    expect((await at.steps(run))[0]).toMatchObject({ executor: 'x-1', state: 'running' });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect(first.stops).toMatchObject([{ steps: [{ step: 'a', attempt: 1 }] }]);
    expect(second.requests).toMatchObject([
      { step: 'a', attempt: 2 },
      { step: 'b', attempt: 1 },
    ]);
    const types = (await at.events(run)).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['step.recalled', 'step.handed-back']));
    expect(types).not.toContain('step.retry-scheduled');
  });

  it('is asked again where the first word was lost, and has nothing taken away that ended in time', async () => {
    const first = await at.executor({ id: 'x-1', answer: () => 'start-only', confirmStops: false });
    at.ingester();
    await at.scheduler({ stopAgain: 1 });
    const run = await at.accept(chain, { x: 1 });
    await eventually('it runs', async () => (await at.steps(run))[0]?.state === 'running');
    await drain(0);
    await eventually('it is asked twice', async () => first.stops.length >= 2);
    const request = first.requests[0];
    if (!request) throw new Error('nothing was asked for');
    await first.finish(request);
    await at.executor({ id: 'x-2' });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect((await at.steps(run))[0]).toMatchObject({ step: 'a', attempt: 1, executor: 'x-1', state: 'successful' });
  });
});

it('an executor whose disk is nearly full is given nothing; its steps say so, and go on by themselves', async () => {
  const full = 'the disk of the work folder is 97 % full, the limit is 95 %';
  let isFull = true;
  const executor = await at.executor({ full: () => (isFull ? full : undefined) });
  at.ingester();
  await at.scheduler();
  const run = await at.accept(chain, { x: 1 });
  await eventually('the run says why it waits', async () => {
    const [row] = await rows<{ reason: string }>('select reason from ready_nodes');
    return row?.reason === `no executor takes new steps: ${full}`;
  });
  expect(executor.requests).toEqual([]);
  isFull = false;
  expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
});
