import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase } from '@runnel/testing';
import type { TestDatabase } from '@runnel/testing';
import { Client } from 'pg';
import { admit } from './admit.ts';
import type { ExecutorLoad } from './admit.ts';
import { decideRound, noMemory } from './decide-round.ts';
import { readDemand, readNodes, readSupply } from './read-demand.ts';
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
    const demand = await readDemand(client);
    const all = await readNodes(client, supply, demand.workspaces);
    const expected = admit(all, [executor(capacity)], turns, 0, demand.shares);
    const options = { turns, memory: noMemory(), withCapacities: () => [executor(capacity)], now: 0 };
    const { admission, waiting } = await decideRound(client, options);
    expect(admission.grants).toEqual(expected.grants);
    expect(admission.grants.length).toBeGreaterThan(0);
    expect([...admission.turns.served].sort()).toEqual([...expected.turns.served].sort());
    expect(waiting.length).toBeLessThanOrEqual(all.length);
    turns = admission.turns;
  }
});

it('comes to everybody within a while, and to new ones at once', async () => {
  await client.query(`update ready_nodes set reason = 'all slots are busy' where workspace <> 'w59'`);
  const memory = noMemory();
  const seen = new Set<string>();
  const round = async (now: number): Promise<string[]> => {
    const { waiting } = await decideRound(client, { turns: noTurns, memory, withCapacities: () => [], now });
    const names = [...new Set(waiting.map(({ workspace }) => workspace))];
    for (const name of names) seen.add(name);
    return names;
  };
  expect(await round(0)).toContain('w59');
  await client.query(`update ready_nodes set reason = 'all slots are busy'`);
  const between = await round(1);
  expect(between.length).toBeLessThan(10);
  await insertNode('new', 1);
  expect(await round(2)).toContain('new');
  await client.query(`update ready_nodes set reason = 'all slots are busy'`);
  for (let now = 250; seen.size < workspaces + 1 && now < 10_000; now += 250) await round(now);
  expect(seen.size).toBe(workspaces + 1);
});
