import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { chain, wide } from '../spec/documents.ts';
import { install } from '../spec/installation.ts';
import type { Installation } from '../spec/installation.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

const setQuota = (column: 'steps' | 'cores', value: number): Promise<unknown> =>
  at.database.pool.query(
    `insert into quotas (workspace, ${column}, updated_by, updated_at) values ('demo', $1, 'test', now())
     on conflict (workspace) do update set ${column} = excluded.${column}`,
    [value],
  );
const list = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('workspaces that share an executor', () => {
  it('one with 1,000 ready steps, one that asks for 5: the 5 get the next 5 freed slots', async () => {
    const executor = await at.executor({ backend: 'kubernetes', answer: () => 'start-only' });
    await at.scheduler();
    const many = await at.accept(wide, { list: list(1000) }, { workspace: 'many' });
    await eventually('all slots are taken', async () => executor.requests.length === 2);
    const few = await at.accept(wide, { list: list(5) }, { workspace: 'few' });
    await eventually('the few are ready', async () => {
      const { rows } = await at.database.pool.query('select from ready_nodes where run_id = $1 and count = 5', [few]);
      return rows.length === 1;
    });
    for (let freed = 1; freed <= 5; freed++) {
      const oldest = executor.requests[freed - 1];
      if (!oldest) throw new Error('nothing was asked for');
      await executor.finish(oldest);
      await eventually(`the slot freed as number ${freed} is taken`, async () => executor.requests.length === 2 + freed);
    }
    expect(executor.requests.slice(0, 2).map(({ run }) => run)).toEqual([many, many]);
    expect(executor.requests.slice(2).map(({ run }) => run)).toEqual(list(5).map(() => few));
  });

  it('has no more under way than its quota, which may change while it runs', async () => {
    const executor = await at.executor({ answer: () => 'start-only', slots: 8, cores: 8 });
    await setQuota('steps', 2);
    await at.scheduler();
    const run = await at.accept(wide, { list: list(6) });
    await eventually('the quota is full, and the run says so', async () => {
      const { rows } = await at.database.pool.query<{ reason: string }>('select reason from ready_nodes where run_id = $1', [run]);
      return rows[0]?.reason === 'the workspace has 2 steps under way, its quota is 2';
    });
    await eventually('two are under way', async () => executor.requests.length === 2);
    await setQuota('steps', 5);
    await eventually('five are under way', async () => executor.requests.length === 5);
  });

  it('is given nothing new in maintenance, says so, and goes on by itself', async () => {
    await at.executor();
    at.ingester();
    await at.database.pool.query(`insert into cordons (executor, reason, set_by) values ('*', 'upgrade until 10:00', 'test')`);
    await at.scheduler();
    const run = await at.accept(chain, { x: 1 });
    await eventually('the run says why it waits', async () => {
      const { rows } = await at.database.pool.query<{ reason: string }>('select reason from ready_nodes where run_id = $1', [run]);
      return rows[0]?.reason === 'no executor takes new steps: upgrade until 10:00';
    });
    await at.database.pool.query('delete from cordons');
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
  });

  it('fails a run at once that its quota can never hold, with the figures', async () => {
    await at.executor();
    at.ingester();
    await setQuota('cores', 0.5);
    await at.scheduler();
    const run = await at.accept(chain, { x: 1 });
    const reason = 'needs 1 cores, the quota of its workspace is 0.5';
    expect(await at.ended(run)).toMatchObject({ phase: 'failed', failure: { class: 'quota', reason, step: 'a' }, stopped: true });
    expect((await at.database.pool.query('select from grants')).rowCount).toBe(0);
    await setQuota('cores', 1);
    expect(await at.ended(await at.accept(chain, { x: 1 }))).toMatchObject({ phase: 'successful' });
  });
});
