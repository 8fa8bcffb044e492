import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AcceptedRun, RunValue } from '@runnel/engine';
import { createMetrics } from '@runnel/service';
import { schedulerMetrics } from '../metrics.ts';
import { wide } from '../spec/documents.ts';
import { install } from '../spec/installation.ts';
import type { Installation } from '../spec/installation.ts';
import { createAdvancer } from './advance-runs.ts';
import type { Advancer } from './advance-runs.ts';
import { createCommandQueue } from './command-queue.ts';
import { engines } from './engines.ts';
import { createGathering } from './gather.ts';
import { now } from './news.ts';
import type { News } from './news.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

function advancer(): Advancer {
  const { database, objects, messaging } = at;
  return createAdvancer({
    database,
    objects,
    sender: { service: 'scheduler', prefix: messaging.prefix },
    engineFor: engines(objects, () => 2, {}),
    limits: { publish: 0 },
    metrics: schedulerMetrics(createMetrics('scheduler')),
    keep: 100,
    onCommitted: () => undefined,
  });
}

async function grant(run: string, count: number): Promise<News> {
  const { rows } = await at.database.pool.query<{ id: string }>(
    `insert into grants (run_id, node, workspace, executor, count, cores, memory_mib) values ($1, 'each', 'demo', 'x-1', $2, 1, 256) returning id`,
    [run, count],
  );
  const id = rows[0]?.id ?? '';
  return {
    run,
    command: { type: 'grant-steps', at: now(), node: 'each', executor: 'x-1', count },
    grant: { id, cores: 1, memoryMiB: 256 },
  };
}

const start = (run: string): News => ({ run, command: { type: 'start-run', at: now() } });
const end = (index: number) => ({
  type: 'finish-step' as const,
  at: now(),
  step: `each[${index}]`,
  attempt: 1,
  executor: 'x-1',
  outcome: 'success' as const,
});
const finish = (run: string, index: number): News => ({ run, command: { ...end(index), outputs: { out: index } } });
const ten = { list: Array.from({ length: 10 }, (_, index) => index) };

describe('advancing a run', () => {
  it('writes one batch as one transaction: events, rows and messages', async () => {
    const run = await at.accept(wide, ten, { tell: false });
    const one = advancer();
    await one.advance([start(run)]);
    await one.advance([await grant(run, 3)]);
    const { rows } = await at.database.pool.query<{ subject: string }>('select subject from outbox order by seq');
    expect(rows.map(({ subject }) => subject.replace(at.messaging.prefix, ''))).toEqual([
      '.run.status.demo',
      '.step.requested.x-1',
      '.step.requested.x-1',
      '.step.requested.x-1',
      '.run.status.demo',
    ]);
    expect(await at.row(run)).toMatchObject({ version: 5, phase: 'running' });
    expect((await at.steps(run)).map(({ step, state }) => [step, state])).toEqual(
      [0, 1, 2].map((index) => [`each[${index}]`, 'requested']),
    );
    const ready = await at.database.pool.query('select node, count from ready_nodes');
    expect(ready.rows).toEqual([{ node: 'each', count: 7 }]);
    expect((await at.database.pool.query('select 1 from grants')).rowCount).toBe(0);
  });

  it('decides again when another scheduler was first', async () => {
    const run = await at.accept(wide, ten, { tell: false });
    const [one, two] = [advancer(), advancer()];
    await one.advance([start(run)]);
    await two.advance([start(run)]);
    await one.advance([await grant(run, 10)]);
    // Both hold the run in memory and hear of different ends at the same time.
    const queues = [one, two].map(({ advance }) =>
      createCommandQueue(
        advance,
        createGathering(() => 0),
      ),
    );
    for (let index = 0; index < 10; index += 2) await Promise.all(queues.map((queue, other) => queue.submit([finish(run, index + other)])));
    const events = await at.events(run);
    expect(events.filter(({ type }) => type === 'step.finished')).toHaveLength(10);
    expect(events.slice(-2)).toMatchObject([
      { type: 'run.outputs-ready', data: { outputs: { all: ten.list } } },
      { type: 'run.finished', data: { status: 'successful' } },
    ]);
  });

  it('takes a start and the stop that the same batch leads to', async () => {
    const run = await at.accept(wide, ten, { tell: false });
    const one = advancer();
    await one.advance([start(run)]);
    await one.advance([await grant(run, 2)]);
    const failure = { class: 'tool' as const, reason: 'the tool exited with code 3' };
    await one.advance([
      { run, command: { type: 'start-step', at: now(), step: 'each[0]', attempt: 1, executor: 'x-1' } },
      {
        run,
        command: { type: 'finish-step', at: now(), step: 'each[1]', attempt: 1, executor: 'x-1', outcome: 'failed', outputs: {}, failure },
      },
    ]);
    expect((await at.steps(run)).map(({ step, state }) => [step, state])).toEqual([
      ['each[0]', 'stopping'],
      ['each[1]', 'failed'],
    ]);
  });

  it('takes a grant once, whoever hears of it', async () => {
    const run = await at.accept(wide, ten, { tell: false });
    const [one, two] = [advancer(), advancer()];
    await one.advance([start(run)]);
    await two.stateOf(run);
    const granted = await grant(run, 2);
    await one.advance([granted]);
    await two.advance([granted]);
    expect((await at.steps(run)).length).toBe(2);
  });

  it('does not build on what the database has forgotten', async () => {
    const run = await at.accept(wide, ten, { tell: false });
    const one = advancer();
    await one.advance([start(run)]);
    await one.advance([await grant(run, 2)]);
    // As after restoring a copy from before the grant.
    await at.database.pool.query('delete from events where run_id = $1 and version > 2', [run]);
    await one.advance([finish(run, 0), await grant(run, 1)]);
    expect((await at.events(run)).map(({ type }) => type)).toEqual(['run.accepted', 'run.started', 'step.requested']);
  });

  it('writes nothing for old news', async () => {
    const run = await at.accept(wide, ten, { tell: false });
    const one = advancer();
    await one.advance([start(run)]);
    const before = (await at.database.pool.query('select xmin from runs')).rows;
    await one.advance([start(run), finish(run, 3)]);
    expect((await at.database.pool.query('select xmin from runs')).rows).toEqual(before);
  });

  it('makes a snapshot that a fresh process goes on from', async () => {
    const many = { list: Array.from({ length: 1500 }, (_, index) => index) };
    const run = await at.accept(wide, many, { tell: false });
    const one = advancer();
    await one.advance([start(run)]);
    for (let from = 0; from < 1200; from += 50) {
      await one.advance([await grant(run, 50)]);
      await one.advance(Array.from({ length: 50 }, (_, index) => finish(run, from + index)));
    }
    const { rows } = await at.database.pool.query<{ version: number; size: number }>(
      'select version, length(state) as size from snapshots',
    );
    expect(rows[0]?.version).toBeGreaterThan(1000);
    const two = advancer();
    const [known, original] = [await two.stateOf(run), await one.stateOf(run)];
    expect(known?.snapshotVersion).toBe(rows[0]?.version);
    expect(known?.engine.summary(known.state)).toEqual(original?.engine.summary(original.state));
    // The first thousand outputs have left the state for an object.
    expect((await at.objects.getBytes(`demo/values/${run}/each/0.json`, 1e6)).length).toBeGreaterThan(1000);
  });
});

describe('outputs', () => {
  /** A run of ten steps, of which each gives this; the subjects of its messages once all have ended. */
  async function finished(out: (index: number) => RunValue, accepted: Partial<AcceptedRun> = {}): Promise<{ run: string; told: string[] }> {
    const run = await at.accept(wide, ten, { tell: false, ...accepted });
    const one = advancer();
    await one.advance([start(run)]);
    await one.advance([await grant(run, 10)]);
    await at.database.pool.query('delete from outbox');
    const news = ten.list.map((index): News => ({ run, command: { ...end(index), outputs: { out: out(index) } } }));
    await one.advance(news);
    const { rows } = await at.database.pool.query<{ subject: string }>('select subject from outbox order by seq');
    return { run, told: rows.map(({ subject }) => subject.replace(`${at.messaging.prefix}.`, '').replace(/\.p\d+$/, '')) };
  }
  const results = async (run: string): Promise<object[]> => {
    const { rows } = await at.database.pool.query<object>('select workspace, output, value from results where run_id = $1', [run]);
    return rows;
  };

  it('that are values alone stand with the end of the run, and nobody has to publish them', async () => {
    const { run, told } = await finished((index) => index * 2);
    const all = ten.list.map((index) => index * 2);
    expect(told).toEqual(['run.status.demo']);
    expect(await at.row(run)).toMatchObject({ phase: 'successful', document: null, stopped: true });
    expect(await results(run)).toEqual([{ workspace: 'demo', output: '', value: { all } }]);
    expect((await at.database.pool.query('select from timers')).rowCount).toBe(0);
  });

  it('of a service go to its caller', async () => {
    const { run } = await finished((index) => index, { caller: 'somebody' });
    expect(await results(run)).toMatchObject([{ workspace: 'somebody' }]);
  });

  const forIngester: [string, (index: number) => RunValue, Partial<AcceptedRun>][] = [
    ['that hold a file', (index) => (index === 7 ? { class: 'File', location: 'runnel:demo/objects/a', basename: 'a' } : index), {}],
    ['that are large', () => 'x'.repeat(30_000), {}],
    ['of a run whose results are a catalogue', (index) => index, { catalogue: true }],
  ];
  it.each(forIngester)('%s are told to the ingester', async (_what, out, accepted) => {
    const { run, told } = await finished(out, accepted);
    expect(told).toEqual(['run.outputs-ready', 'run.status.demo']);
    expect(await at.row(run)).toMatchObject({ phase: 'publishing' });
    expect(await results(run)).toEqual([]);
  });
});
