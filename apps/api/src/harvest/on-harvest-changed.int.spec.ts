import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HarvestChanged } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { outgoing, publishWire, seal } from '@runnel/messaging';
import { putValue } from '@runnel/objects';
import { eventually } from '@runnel/testing';
import { startTestApi, wide } from '../testing/test-api.ts';
import type { Client, TestApi } from '../testing/test-api.ts';

type Change = DataOf<typeof HarvestChanged>['changes'][number];

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
});
afterAll(() => api.close());

const repository = 'https://git.example/flows.git';

/** Each message comes from a machine whose clock is five minutes behind that of the one before. */
let told = 0;
const clock = (): string => new Date(Date.now() - 300_000 * (told += 1)).toISOString();

/** Tells of a commit and waits until each of its files has been handled. */
async function harvest(commit: string, move: number, changes: Change[]): Promise<Record<string, string>> {
  const data = { workspace: 'demo', source: 'git', repository, branch: 'main', commit, move, changes };
  await publishWire(
    api.messaging,
    seal(outgoing(HarvestChanged, data), { id: randomUUID(), time: clock(), service: 'harvester', prefix: api.config.prefix }),
  );
  const files = new Set(changes.flatMap(({ path, previousPath = path }) => [path, previousPath]));
  return eventually(`${commit} was handled`, async () => {
    const { rows } = await api.database.pool.query<{ path: string; outcome: string }>(
      'select path, outcome from deployments where commit = $1',
      [commit],
    );
    return rows.length === files.size ? Object.fromEntries(rows.map(({ path, outcome }) => [path, outcome])) : undefined;
  });
}

const version = async (): Promise<string | undefined> => (await demo('GET', '/demo/ogc-api/processes/wide')).body.version;
const revisions = async (): Promise<number> => (await api.database.pool.query('select 1 from processes')).rowCount ?? 0;
const file = (change: Change['change'], content?: Change['content'], path = 'app.cwl'): Change => ({
  path,
  change,
  ...(content === undefined ? {} : { content }),
});

it('deploys, replaces and undeploys what a repository says, once', async () => {
  const changes = [
    file('added', wide),
    file('added', 'cwlVersion: v1.2\nclass: Workflow', 'broken.cwl'),
    file('added', '# hello', 'README.md'),
  ];
  expect(await harvest('c1', 1, changes)).toEqual({ 'app.cwl': 'deployed', 'broken.cwl': 'refused', 'README.md': 'ignored' });
  expect(await version()).toBe('1.2.3');
  const { rows } = await api.database.pool.query<{ reason: string }>(`select reason from deployments where path = 'broken.cwl'`);
  expect(rows[0]?.reason).toMatch(/^\d+:\d+ /);

  await putValue(api.objects, 'demo/values/harvest/1', wide.replace('1.2.3', '2.0.0'));
  expect(await harvest('c2', 2, [file('updated', { $stored: { key: 'demo/values/harvest/1' } })])).toEqual({ 'app.cwl': 'deployed' });
  expect(await version()).toBe('2.0.0');

  // A second copy, and a commit that is older than what was handled.
  await harvest('c1', 1, changes);
  expect(await harvest('c0', 0, [file('added', wide)])).toEqual({ 'app.cwl': 'superseded' });
  expect([await version(), await revisions()]).toEqual(['2.0.0', 2]);

  expect(await harvest('c3', 3, [{ ...file('updated', wide, 'moved.cwl'), previousPath: 'app.cwl' }])).toEqual({
    'app.cwl': 'undeployed',
    'moved.cwl': 'deployed',
  });
  expect(await version()).toBe('1.2.3');
  // Two files change places: what takes away comes first, whatever the order in the commit.
  const other = wide.replaceAll('id: wide', 'id: other');
  const swapped = [file('added', other), { ...file('updated', wide, 'z.cwl'), previousPath: 'moved.cwl' }];
  expect(await harvest('c4', 4, swapped)).toEqual({ 'app.cwl': 'deployed', 'moved.cwl': 'undeployed', 'z.cwl': 'deployed' });
  const back = [{ ...file('updated', wide, 'moved.cwl'), previousPath: 'z.cwl' }, file('deleted')];
  expect(await harvest('c5', 5, back)).toEqual({ 'moved.cwl': 'deployed', 'z.cwl': 'undeployed', 'app.cwl': 'undeployed' });
  expect((await demo('GET', '/demo/ogc-api/processes/other')).status).toBe(404);
  // News of a rename that come after those of what followed it: neither name stays.
  expect(await harvest('c10', 10, [file('deleted', undefined, 'late.cwl')])).toEqual({ 'late.cwl': 'ignored' });
  expect(await harvest('c9', 9, [{ ...file('updated', other, 'late.cwl'), previousPath: 'early.cwl' }])).toEqual({
    'early.cwl': 'ignored',
    'late.cwl': 'superseded',
  });
  expect(await harvest('c8', 8, [file('added', other, 'early.cwl')])).toEqual({ 'early.cwl': 'superseded' });
  expect((await demo('GET', '/demo/ogc-api/processes/other')).status).toBe(404);
  expect(await harvest('c6', 6, [file('deleted')])).toEqual({ 'app.cwl': 'ignored' });
  expect(await version()).toBe('1.2.3');
  expect(await harvest('c7', 7, [file('deleted', undefined, 'moved.cwl')])).toEqual({ 'moved.cwl': 'undeployed' });
  expect(await version()).toBeUndefined();
});
