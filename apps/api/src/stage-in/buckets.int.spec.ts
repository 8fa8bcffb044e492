import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openObjectStore } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { startVersitygw, versitygw } from '@runnel/testing';
import { cwl, json, startTestApi, wide } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';

const command = versitygw();
const base = mkdtempSync(join(tmpdir(), 'buckets-'));
const s3 = command === undefined ? undefined : await startVersitygw(command, base);
// The installation's own credentials open every bucket of this server: that they are not used is what is tested.
process.env['AWS_ACCESS_KEY_ID'] = s3?.accessKeyId ?? '';
process.env['AWS_SECRET_ACCESS_KEY'] = s3?.secretAccessKey ?? '';
const whenServer = s3 === undefined ? describe.skip : describe;

const file = `cwlVersion: v1.2
class: CommandLineTool
id: one
baseCommand: 'true'
inputs: {file: File}
outputs: []
`;
const content = 'what only its owner reads';
const sha256 = createHash('sha256').update(content).digest('hex');
const item = (id: string, href: string, more: object = {}): string =>
  JSON.stringify({ type: 'Feature', id, stac_version: '1.0.0', properties: {}, assets: { b: { href, ...more } } });

let api: TestApi;
let client: Client;
let other: Client;
let stranger: Server;
let strangerHost: string;
const store = (bucket: string): Promise<ObjectStore> => openObjectStore(s3?.bucket(bucket) ?? '');

beforeAll(async () => {
  if (!s3) return;
  const closed = await store('closed');
  await closed.put('scenes/b 1%20.tif', content);
  await closed.put('scenes/own.json', item('own', './b%201%2520.tif', { 'file:checksum': `1220${sha256}` }));
  await closed.put('scenes/wrong.json', item('wrong', './b%201%2520.tif', { 'file:checksum': `1220${'0'.repeat(64)}` }));
  await closed.put('scenes/outside.json', item('outside', 's3://closed/private/key.txt'));
  await closed.put('private/key.txt', 'a key');
  await closed.put('large.bin', 'x'.repeat(3000));
  await (await store('open')).put('a/free.txt', 'for everybody');
  makePublic('open');
  // An item on the web that somebody wrote to get at the private objects of whoever reads it.
  stranger = createServer((request, response) => {
    response.end(item('sly', request.url === '/sly' ? 's3://closed/private/key.txt' : 's3://open/a/free.txt'));
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  strangerHost = `127.0.0.1:${(stranger.address() as { port: number }).port}`;
  api = await startTestApi({
    objects: s3.bucket('own'),
    outboundHosts: [`127.0.0.1:${s3.port}`, strangerHost],
    secretsKeys: ['a key of this test, long enough for it'],
    publicBucketsEndpoint: s3.endpoint,
    maxFetchBytes: 2000,
  });
  [client, other] = [await api.as('demo'), await api.as('cc')];
  for (const [who, workspace] of [
    [client, 'demo'],
    [other, 'cc'],
  ] as const)
    for (const document of [wide, file]) expect((await who('POST', `/${workspace}/ogc-api/processes`, cwl(document))).status).toBe(201);
  const value = JSON.stringify({
    bucket: 'closed',
    accessKeyId: s3.accessKeyId,
    secretAccessKey: s3.secretAccessKey,
    endpoint: s3.endpoint,
  });
  expect((await client('PUT', '/api/v1/workspace/secrets/CLOSED', json({ value, steps: ['node_stage_in'] }))).status).toBe(201);
}, 60_000);
afterAll(async () => {
  await api?.close();
  stranger?.close();
  await s3?.stop();
  rmSync(base, { recursive: true, force: true });
});

/** Readable by everybody, as buckets of open data are. */
function makePublic(bucket: string): void {
  const Resource = `arn:aws:s3:::${bucket}/*`;
  const policy = JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource }] });
  const signed = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${s3?.accessKeyId}:${s3?.secretAccessKey}`];
  const hash = `x-amz-content-sha256: ${createHash('sha256').update(policy).digest('hex')}`;
  execFileSync('curl', ['-sf', ...signed, '-H', hash, '-X', 'PUT', '--data-binary', policy, `${s3?.endpoint}/${bucket}?policy=`]);
}

const execute = (who: Client, workspace: string, process: string, inputs: object): Promise<Answer> =>
  who('POST', `/${workspace}/ogc-api/processes/${process}/execution`, json({ inputs }));
const withFile = (location: string, who = client, workspace = 'demo') => execute(who, workspace, 'one', { file: location });
const withFolder = (location: string, who = client, workspace = 'demo') => execute(who, workspace, 'wide', { n: [1], folder: location });

interface Entry {
  basename: string;
  location: string;
  listing: Entry[];
}

async function inputOf(run: string, name: string): Promise<Entry> {
  const { rows } = await api.database.pool.query<{ data: { inputs: Record<string, Entry> } }>(
    'select data from events where run_id = $1 and version = 1',
    [run],
  );
  return rows[0]?.data.inputs[name] as Entry;
}
const textOf = async ({ location }: Entry): Promise<string> =>
  (await (await store('own')).getBytes(location.replace('runnel:', ''), 10_000)).toString();

whenServer('what lies in a bucket', () => {
  it('of which the workspace has credentials: files, and items with what lies beside them', async () => {
    const one = await withFile('s3://closed/scenes/b 1%20.tif');
    expect([one.status, one.body.detail]).toEqual([201, undefined]);
    const staged = await inputOf(one.body.jobID, 'file');
    expect([staged.basename, await textOf(staged)]).toEqual(['b 1%20.tif', content]);
    const folder = await withFolder('s3://closed/scenes/own.json');
    expect([folder.status, folder.body.detail]).toEqual([201, undefined]);
    const inner = (await inputOf(folder.body.jobID, 'folder')).listing.find(({ basename }) => basename === 'own') as Entry;
    expect(await textOf(inner.listing.find(({ basename }) => basename.endsWith('.tif')) as Entry)).toBe(content);
  });

  it('is not fetched again where it is the same, and is where it was changed', async () => {
    const fetched = async (): Promise<string> => {
      const { body } = await withFolder('s3://closed/scenes/again.json');
      const inner = (await inputOf(body.jobID, 'folder')).listing.find(({ basename }) => basename === 'again') as Entry;
      return textOf(inner.listing.find(({ basename }) => basename === 'again.tif') as Entry);
    };
    const closed = await store('closed');
    await closed.put('scenes/again.json', item('again', './again.tif'));
    await closed.put('scenes/again.tif', 'first');
    expect(await fetched()).toBe('first');
    const kept = `select etag from fetched_files where workspace = 'demo' and href = '${s3?.endpoint}/closed/scenes/again.tif'`;
    expect((await api.database.pool.query(kept)).rows).toHaveLength(1);
    expect(await fetched()).toBe('first');
    await closed.put('scenes/again.tif', 'second');
    expect(await fetched()).toBe('second');
  });

  it('of which it has none is asked as nobody, never with the credentials of the installation', async () => {
    const refused = await withFile('s3://closed/private/key.txt', other, 'cc');
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringMatching(/s3:\/\/closed\/private\/key\.txt answers 403 \(asked without credentials/),
    ]);
    const open = await withFile('s3://open/a/free.txt', other, 'cc');
    expect([open.status, await textOf(await inputOf(open.body.jobID, 'file'))]).toEqual([201, 'for everybody']);
  });

  it('is not given to what somebody else wrote: documents name what lies below them, or what everybody may read', async () => {
    for (const folder of ['s3://closed/scenes/outside.json', `http://${strangerHost}/sly`]) {
      const { status, text } = await withFolder(folder);
      expect([folder, status, text]).toEqual([folder, 400, expect.stringContaining('answers 403 (asked without credentials')]);
    }
    expect((await withFolder(`http://${strangerHost}/open`)).status).toBe(201);
  });

  it('of this installation is a file of a workspace, for who may read it', async () => {
    await client('PUT', '/workspaces/demo/files/mine.txt', { body: 'mine' });
    const own = await withFile('s3://own/demo/files/mine.txt');
    expect([own.status, (await inputOf(own.body.jobID, 'file')).location]).toEqual([201, 'runnel:demo/files/mine.txt']);
    const foreign = await withFile('s3://own/demo/files/mine.txt', other, 'cc');
    expect([foreign.status, foreign.text]).toEqual([400, expect.stringContaining('there is no file')]);
    const inner = await withFile(`s3://own/demo/logs/${own.body.jobID}/x`);
    expect([inner.status, inner.text]).toEqual([400, expect.stringContaining('is not the address of a file')]);
  });

  it.each([
    ['s3://closed/none.txt', /answers 404/],
    ['s3://closed/large.bin', /more than 2000 bytes/],
    ['s3://closed/scenes/', /is a folder/],
    ['s3://closed/scenes/../private/key.txt', /not a well-formed address/],
    ['s3://Closed/x', /is no address of a file in a bucket/],
    ['s3://closed', /is no address of a file in a bucket/],
  ])('%s is refused, with the reason and without a signature', async (location, reason) => {
    const { status, text } = await withFile(location);
    expect([status, text]).toEqual([400, expect.stringMatching(reason)]);
    expect(text).not.toContain('X-Amz');
  });

  it('is refused where it is not what its item says', async () => {
    const { status, text } = await withFolder('s3://closed/scenes/wrong.json');
    expect([status, text]).toEqual([400, expect.stringMatching(/not what its item says/)]);
  });
});

whenServer('credentials of a bucket', () => {
  it.each([
    ['no json', /the value is JSON/],
    ['{"bucket": "closed"}', /accessKeyId/],
    ['{"bucket": "closed", "accessKeyId": "a", "secretAccessKey": "planted", "endpoint": "http://u:p@h/"}', /endpoint/],
  ])('%s are refused when they are set', async (value, reason) => {
    const { status, text } = await client('PUT', '/api/v1/workspace/secrets/WRONG', json({ value, steps: ['node_stage_in'] }));
    expect([status, text]).toEqual([400, expect.stringMatching(reason)]);
    expect(text).not.toContain('planted');
  });
});
