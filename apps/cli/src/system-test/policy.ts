import { postJson, request, type Target } from '../client/http.ts';
import { ask, deploy, echoDocument, expectThat, type Journey, type Way } from './journey.ts';

/** Who has no right gets nothing: without a token, with a wrong one, in another workspace, with a token that may only read. */
export const policy: Journey = {
  name: 'policy',
  async travel(way) {
    // Processes may be for everybody to see, and who has no token may see the runs of such; a workspace's files nobody else may.
    const runs = `/${way.target.workspace}/ogc-api/jobs`;
    await expectStatus(way, { ...way.target, token: undefined }, `/workspaces/${way.target.workspace}/files/`, [401, 403]);
    await expectStatus(way, { ...way.target, token: undefined }, '/api/v1/runs', [401, 403]);
    await expectStatus(way, { ...way.target, token: `rnl_${way.secret}` }, runs, [401]);
    await expectStatus(way, way.target, `/${way.name}/ogc-api/jobs`, [403, 404]);
    await expectStatus(way, way.target, `/workspaces/${way.name}/files/`, [403, 404]);
    return narrowToken(way, runs);
  },
};

async function expectStatus(way: Way, target: Target, path: string, expected: number[]): Promise<void> {
  const { status } = await request(target, path, { signal: way.signal, tolerate: [400, 401, 403, 404] });
  expectThat(expected.includes(status), () => `GET ${path} was answered with ${status} instead of ${expected.join(' or ')}`);
}

/** A token that may only read reads, and deploys nothing; once revoked it is worth nothing. */
async function narrowToken(way: Way, runs: string): Promise<string | void> {
  const made = await ask(way, '/api/v1/tokens', {
    ...postJson({ name: way.name, scopes: ['read'], expires: new Date(Date.now() + 3_600_000).toISOString() }),
    tolerate: [401, 403, 404],
  });
  if (!made.ok) return 'a token that only reads was not tried: this one may make none';
  const { id, secret } = (await made.json()) as { id: string; secret: string };
  const revoke = (target: Target) => request(target, `/api/v1/tokens/${id}`, { method: 'DELETE', tolerate: [404] });
  way.afterwards(revoke);
  const narrow = { ...way, target: { ...way.target, token: secret } };
  await ask(narrow, runs);
  const deployed = await deploy(narrow, echoDocument(way)).then(
    () => true,
    () => false,
  );
  expectThat(!deployed, () => 'a token that may only read deployed a process');
  await revoke(way.target);
  await expectStatus(way, narrow.target, runs, [401]);
}
