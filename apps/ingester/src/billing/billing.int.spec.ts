import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StepFinished } from '@runnel/contracts';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';
import { removeWorkspaces } from '../workspaces/remove-objects.ts';
import { recordUsage, type FinishedStep } from '../usage/record-usage.ts';
import { billingUuid, uuidV5 } from './billing-uuid.ts';
import { watchBudgets } from './watch-budgets.ts';
import { writeBillingEvents } from './write-billing-events.ts';

it('names are those of RFC 9562', () => {
  expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  const at = new Date('2026-11-21T12:00:00Z');
  expect(billingUuid('demo', 'cpu-seconds', at)).toBe(billingUuid('demo', 'cpu-seconds', at));
  expect(billingUuid('demo', 'cpu-seconds', at)).not.toBe(billingUuid('other', 'cpu-seconds', at));
});

let fixture: Fixture;
beforeAll(async () => {
  fixture = await ingesterFixture();
}, 60_000);
afterAll(() => fixture.close());

const run = '01936d2e-7c1a-7000-8000-000000000001';
const finished = (step: string, workspace: string, wallSeconds: number): FinishedStep => {
  const golden = StepFinished.schema.parse(StepFinished.golden);
  const usage = { ...golden.usage, wallSeconds, cpuSeconds: 3 * wallSeconds, cores: 2, memoryMiB: 1000, maxMemoryBytes: 5 };
  return { ...golden, step, workspace, outputs: {}, usage, finishedAt: new Date().toISOString() };
};
const record = (...steps: FinishedStep[]): Promise<void> =>
  recordUsage(
    fixture.database,
    steps.map((step) => ({ step, objects: [] })),
    new Date(),
  );

describe('billing', () => {
  const at = (time: string): Date => new Date(`2026-11-21T${time}Z`);

  it('tells each row of the ledger once, however often and by however many it is done', async () => {
    await record(finished('a', 'demo', 10), finished('b', 'demo', 1), finished('c', 'other', 2));
    await record(finished('a', 'demo', 10));
    const told = (await Promise.all([1, 2, 3].map(() => writeBillingEvents(fixture, at('12:05:01'), 300)))).flat();
    expect(told).toEqual([
      {
        uuid: billingUuid('demo', 'cpu-seconds', at('12:00:00')),
        event_start: '2026-11-21T12:00:00.000Z',
        event_end: '2026-11-21T12:05:00.000Z',
        sku: 'cpu-seconds',
        user: null,
        workspace: 'demo',
        quantity: 33,
      },
      expect.objectContaining({ workspace: 'demo', sku: 'memory-gb-seconds', quantity: expect.closeTo(11 * 1.048576, 9) }),
      expect.objectContaining({ workspace: 'other', sku: 'cpu-seconds', quantity: 6 }),
      expect.objectContaining({ workspace: 'other', sku: 'memory-gb-seconds' }),
    ]);
    expect(
      await fixture.rows(`select payload::json ->> 'uuid' as uuid from outbox where subject like '%billing.event%' order by seq`),
    ).toEqual(told.map(({ uuid }) => ({ uuid })));
  });

  it('tells what comes later in the window that follows, and what is stored', async () => {
    await record(finished('late', 'demo', 5));
    await fixture.rows(`insert into objects values ('demo', 'x', 2000000000, now())`);
    expect(await writeBillingEvents(fixture, at('12:09:59'), 300)).toEqual([]);
    const told = await writeBillingEvents(fixture, at('12:10:00'), 300);
    expect(told.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ['cpu-seconds', 15],
      ['memory-gb-seconds', expect.closeTo(5 * 1.048576, 9)],
      ['storage-gb-seconds', 600],
    ]);
    await fixture.rows(`delete from objects where sha256 = 'x'`);
  });

  it('sums to the ledger, corrections included', async () => {
    await fixture.rows(
      `with c as (insert into usage_corrections (id, run_id, step, attempt, workspace, wall_seconds, cpu_seconds, memory_gb_seconds,
         input_bytes, output_bytes, reason, made_by) values (gen_random_uuid(), $1, 'a', 1, 'demo', -10, -30, -1, 0, 0, 'x', 'y')
         returning workspace, cpu_seconds, memory_gb_seconds)
       insert into unbilled (workspace, cpu_seconds, memory_gb_seconds) select * from c`,
      [run],
    );
    expect((await writeBillingEvents(fixture, at('12:15:00'), 300)).map(({ quantity }) => quantity)).toEqual([-30, -1]);
    const [sums] = await fixture.rows(`
select (select sum(quantity) from billing_events where sku = 'cpu-seconds') as billed, (select sum(cpu_seconds) from ledger) as cpu`);
    expect(sums).toEqual({ billed: 24, cpu: 24 });
  });
});

describe('budgets', () => {
  const state = () => fixture.rows(`select level, cpu_seconds from budget_states where workspace = 'thrifty'`);
  const held = () => fixture.rows(`select workspace, reason from held_workspaces`);

  it('warn at 80 per cent and stop at 100, each once', async () => {
    await fixture.rows(
      `insert into workspaces (name, created_by, settings) values ('thrifty', 'x', '{"budget": {"coreHours": 0.01}}'), ('free', 'x', '{}')`,
    );
    await record(finished('t1', 'thrifty', 9));
    expect(await watchBudgets(fixture)).toBe(0);
    expect(await state()).toEqual([{ level: 0, cpu_seconds: 27 }]);
    await record(finished('t2', 'thrifty', 1));
    expect(await watchBudgets(fixture)).toBe(1);
    expect(await watchBudgets(fixture)).toBe(0);
    expect(await state()).toEqual([{ level: 80, cpu_seconds: 30 }]);
    expect(await held()).toEqual([]);
    await record(finished('t3', 'thrifty', 3));
    expect(await watchBudgets(fixture)).toBe(1);
    expect(await held()).toEqual([
      { workspace: 'thrifty', reason: expect.stringMatching(/^the budget of the workspace for 20\d\d-\d\d is used up$/) },
    ]);
    const told = await fixture.rows(
      `select payload::json ->> 'percent' as percent from outbox where subject like '%budget.reached%' order by seq`,
    );
    expect(told).toEqual([{ percent: '80' }, { percent: '100' }]);
  });

  it('let things begin again with a larger budget, or in the next month', async () => {
    await fixture.rows(`update workspaces set settings = '{"budget": {"coreHours": 1}}' where name = 'thrifty'`);
    await watchBudgets(fixture);
    expect(await held()).toEqual([]);
    await fixture.rows(`update budget_states set level = 100, month = month - interval '1 month'`);
    expect(await held()).toEqual([]);
  });
});

describe('a workspace that is deleted', () => {
  it('loses its objects when nothing of it runs any more, and nothing of others', async () => {
    await fixture.rows(`insert into workspaces (name, state, created_by) values ('demo', 'deleting', 'x')`);
    await fixture.objects.put('demo/files/a.txt', 'a');
    await fixture.objects.put('demo-2/files/b.txt', 'b');
    const open = await fixture.addRun({ phase: 'running' });
    expect(await removeWorkspaces(fixture)).toEqual([]);
    await fixture.rows('update runs set stopped = true where id = $1', [open]);
    expect(await removeWorkspaces(fixture)).toEqual(['demo']);
    expect(await fixture.objects.head('demo/files/a.txt')).toBeUndefined();
    expect(await fixture.objects.head('demo-2/files/b.txt')).toBeDefined();
    expect(await fixture.rows(`select state from workspaces where name = 'demo'`)).toEqual([{ state: 'deleted' }]);
    expect(await removeWorkspaces(fixture)).toEqual([]);
  });
});
