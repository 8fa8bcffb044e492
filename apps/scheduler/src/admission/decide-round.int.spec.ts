import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { Client } from 'pg';
import { admit } from './admit.ts';
import type { ExecutorLoad } from './admit.ts';
import { createSweep, decideRound } from './decide-round.ts';
import { readNodes, readSupply } from './read-demand.ts';
import { noTurns } from './turns.ts';
import type { Turns } from './turns.ts';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await testDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const workspaces = 60;
const insertNode = (workspace: string, cores: number, count = 3): Promise<unknown> =>
  client.query(
    `insert into ready_nodes (run_id, node, workspace, count, cores, memory_mib, reason, since) values ($1, 'n', $2, $3, $4, 256, 'waits for admission', now())`,
    [randomUUID(), workspace, count, cores],
  );
const executor = (capacity: number): ExecutorLoad => ({
  id: 'x',
  accepting: true,
  capacity,
  slots: capacity,
  cores: 4 * capacity,
  memoryMiB: 1e6,
  held: { steps: 0, cores: 0, memoryMiB: 0 },
});

it('grants what would be granted if all nodes were read, round after round', async () => {
  for (let index = 0; index < workspaces; index += 1) {
    // Most of those whose turn comes first have nothing that fits anywhere: more have to be read.
    const name = `w${String(index).padStart(2, '0')}`;
    await insertNode(name, index < 40 && index % 8 !== 0 ? 1000 : (index % 3) + 1);
    if (index % 7 === 0) await insertNode(name, 1);
  }
  await client.query(
    `insert into quotas (workspace, weight, priority, updated_by, updated_at) values ('w50', 3, 0, 't', now()), ('w55', 1, 1, 't', now())`,
  );
  let turns: Turns = noTurns;
  for (const capacity of [1, 5, 2, 40, 1, 1, 9]) {
    const supply = await readSupply(client);
    const all = await readNodes(client, supply, supply.workspaces);
    const expected = admit(all, [executor(capacity)], turns, 0, supply.shares);
    const options = { turns, sweep: createSweep(1), withCapacities: () => [executor(capacity)], now: 0 };
    const { admission, waiting } = await decideRound(client, options);
    expect(admission.grants).toEqual(expected.grants);
    expect(admission.grants.length).toBeGreaterThan(0);
    expect([...admission.turns.served].sort()).toEqual([...expected.turns.served].sort());
    expect(waiting.length).toBeLessThanOrEqual(all.length);
    turns = admission.turns;
  }
});

it('comes to everybody within a while, new ones first', async () => {
  const sweep = createSweep(2);
  const names = ['c', 'a', 'b', 'd', 'e'];
  expect([sweep(names), sweep(names), sweep(names), sweep([]), sweep(names)]).toEqual([['a', 'b'], ['c', 'd'], ['e', 'a'], [], ['a', 'b']]);
  await client.query(`update ready_nodes set reason = 'all slots are busy' where workspace <> 'w30'`);
  const options = { turns: noTurns, sweep: createSweep(1), withCapacities: () => [], now: 0 };
  const { waiting, supply } = await decideRound(client, options);
  expect(supply.fresh).toEqual(['w30']);
  expect(waiting.map(({ workspace }) => workspace)).toContain('w30');
  expect(new Set(waiting.map(({ workspace }) => workspace)).size).toBeLessThan(workspaces);
});
