import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditHeadKey, lastSeal, listEntries, readHead, verifyAudit } from '@runnel/access';
import type { StoredEntry } from '@runnel/access';
import { eventually } from '@runnel/testing';
import { cwl, json, request, startTestApi, wide } from '../testing/test-api.ts';
import type { Client, TestApi } from '../testing/test-api.ts';

let api: TestApi;
let owner: Client;
let other: Client;
beforeAll(async () => {
  api = await startTestApi();
  owner = await api.as('dd');
  other = await api.as('cc');
  await owner('POST', '/dd/ogc-api/processes', cwl(wide));
  await owner('POST', '/dd/ogc-api/processes', cwl(wide.replaceAll('id: wide', 'id: offered')));
  const policy = JSON.stringify({ workflows: { offered: { access: 'public' } } });
  await owner('PUT', '/workspaces/dd/files/eodh-config/access-policy.json', { body: policy });
});
afterAll(() => api.close());

const entries = (): Promise<StoredEntry[]> => listEntries(api.database, { limit: 1000 });
const since = async (seq: string | undefined): Promise<StoredEntry[]> =>
  (await entries()).filter((one) => BigInt(one.seq) > BigInt(seq ?? 0));

describe('what is written down', () => {
  it('before the answer: what is refused and what crosses workspaces; of what is one’s own nothing', async () => {
    const before = (await entries()).at(-1)?.seq;
    await owner('GET', '/dd/ogc-api/processes/wide');
    expect(await since(before)).toEqual([]);
    await other('GET', '/dd/ogc-api/processes/wide?f=json');
    await other('GET', '/dd/ogc-api/processes/offered');
    const powerless = await api.token('cc', []);
    await request(api.url, 'GET', '/cc/ogc-api/jobs', { headers: { authorization: `Bearer ${powerless}`, 'x-request-id': 'mine' } });
    expect(await since(before)).toMatchObject([
      {
        workspace: 'dd',
        caller: 'cc',
        action: 'process.read',
        allowed: false,
        reason: 'foreign',
        target: '/dd/ogc-api/processes/wide',
        times: 1,
      },
      {
        workspace: 'dd',
        caller: 'cc',
        action: 'process.read',
        allowed: true,
        reason: null,
        method: 'GET',
        target: '/dd/ogc-api/processes/offered',
      },
      { workspace: 'cc', caller: 'cc', action: 'run.list', allowed: false, reason: 'scope', request: 'mine', address: '127.0.0.1' },
    ]);
  });

  it('inputs that name files of another workspace', async () => {
    const before = (await entries()).at(-1)?.seq;
    const inputs = { n: [1], band: { href: '/workspaces/dd/files/secret.txt' } };
    expect((await other('POST', '/dd/ogc-api/processes/offered/execution', json({ inputs }))).status).toBe(400);
    expect(await since(before)).toMatchObject([
      { action: 'process.execute', allowed: true },
      { action: 'file.read', workspace: 'dd', caller: 'cc', allowed: false, reason: 'foreign' },
    ]);
  });

  it('a flood of requests without a valid token as one row a second', async () => {
    const before = (await entries()).at(-1)?.seq;
    const flood = Array.from({ length: 300 }, (_, number) =>
      request(
        api.url,
        'GET',
        `/dd/ogc-api/jobs?limit=${1 + (number % 9)}`,
        number % 2 ? { headers: { authorization: 'Bearer rnl_x' } } : {},
      ),
    );
    for (const { status } of await Promise.all(flood)) expect(status).toBe(401);
    const counted = await eventually('all are counted', async () => {
      const rows = await since(before);
      const of = (reason: string) => rows.filter((row) => row.reason === reason).reduce((sum, { times }) => sum + times, 0);
      return of('credentials') === 150 && of('unauthenticated') === 150 && rows;
    });
    expect(counted.length).toBeLessThan(60);
    expect(counted).toContainEqual(
      expect.objectContaining({ principal: 'unknown', reason: 'credentials', target: null, address: '127.0.0.1' }),
    );
  });
});

describe('the chain', () => {
  it('is sealed within seconds, with its head in the object store', async () => {
    await other('GET', '/dd/ogc-api/processes/wide');
    await eventually('the head is that of the chain', async () => {
      const last = await lastSeal(api.database);
      return last.number !== '0' && (await readHead(api.objects))?.seal === last.number;
    });
    const report = await eventually('nothing is open', async () => {
      const found = await verifyAudit(api.database, api.objects);
      return found.open === 0 && found;
    });
    expect(report.faults).toEqual([]);
    expect(report.sealed).toBeGreaterThan(0);
  });

  it('whose head was removed gets it again; one that does not fit stays, as the proof', async () => {
    await api.objects.delete(auditHeadKey);
    await api.restart();
    await eventually('there is a head', () => readHead(api.objects));
    const forged = JSON.stringify({ seal: '1', digest: '0'.repeat(64) });
    await api.objects.put(auditHeadKey, forged);
    await other('GET', '/dd/ogc-api/processes/wide');
    await eventually('nothing is open', async () => (await verifyAudit(api.database, api.objects)).open === 0);
    expect((await api.objects.getBytes(auditHeadKey, 1000)).toString()).toBe(forged);
    expect((await verifyAudit(api.database, api.objects)).faults).toHaveLength(1);
  });
});
