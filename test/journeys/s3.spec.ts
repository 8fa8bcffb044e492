import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openObjectStore, type ObjectStore } from '@runnel/objects';
import { startVersitygw, versitygw, type TestS3 } from '@runnel/testing';
import { deploy, execute, removeFolder, repository, runnel, startUp, type Up } from './up.ts';

const command = versitygw();
const sizeOf = `
cwlVersion: v1.2
class: CommandLineTool
id: size
baseCommand: [wc, -c]
inputs: { file: File }
stdin: $(inputs.file.path)
stdout: size.txt
outputs: { size: stdout }
`;
const whenServer = command === undefined ? describe.skip : describe;

whenServer('files in S3 (needs Go for versitygw)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-s3-'));
  let server: TestS3;
  let store: ObjectStore;
  let up: Up;
  let run = '';

  beforeAll(async () => {
    server = await startVersitygw(command ?? '', folder);
    process.env['AWS_ACCESS_KEY_ID'] = server.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = server.secretAccessKey;
    const address = server.bucket('runnel').replace('runnel/', 'runnel/site-1/');
    store = await openObjectStore(address);
    up = await startUp({ args: ['--objects', address] });
  }, 120_000);
  afterAll(async () => {
    await up.stop();
    await server.stop();
    removeFolder(up.folder);
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('runs a workflow and keeps its results in the bucket', async () => {
    await up.runnel(['deploy', join(repository, 'examples/greeting/app.cwl')]);
    const ran = await up.runnel(['run', 'greeting', join(repository, 'examples/greeting/inputs.json')]);
    run = /^run (\S+)/m.exec(ran.stderr)?.[1] ?? '';
    expect(ran.stderr).toContain('successful');
    const path = `results/${run}/catalogue/greeting/greeting.txt`;
    expect(await (await up.request(`/workspaces/demo/${path}`)).text()).toBe('Hello, World!\n');
    expect((await store.getBytes(`demo/${path}`, 100)).toString()).toBe('Hello, World!\n');
    expect(await store.head(`demo/${path}`)).toMatchObject({ contentType: 'text/plain; charset=utf-8' });
  }, 90_000);

  it('takes files of users, gives ranges of them, and stages them', async () => {
    const file = (init: RequestInit = {}) => up.request('/workspaces/demo/files/some/digits.txt', init);
    expect((await file({ method: 'PUT', body: '0123456789' })).status).toBe(201);
    const part = await file({ headers: { range: 'bytes=3-5' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 3-5/10', '345']);
    expect((await file({ headers: { range: 'bytes=10-' } })).status).toBe(416);
    const etag = (await file()).headers.get('etag') ?? '';
    expect((await file({ headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await file({ method: 'PUT', body: 'x', headers: { 'if-match': '"other"' } })).status).toBe(412);
    const large = Buffer.alloc(9 * 1024 * 1024, 'nine mebibytes, in two parts; ');
    expect((await file({ method: 'PUT', body: new Uint8Array(large) })).status).toBe(204);
    expect(Buffer.from(await (await file()).arrayBuffer()).equals(large)).toBe(true);
    expect((await deploy(up, sizeOf)).status).toBe(201);
    const { results } = await execute(up, 'size', { file: { href: `${up.url}/workspaces/demo/files/some/digits.txt` } });
    const { href } = results?.['size'] as { href: string };
    expect((await (await up.request(new URL(href).pathname)).text()).trim()).toBe(String(large.length));
  }, 60_000);

  it('collects garbage, and nothing else', async () => {
    const gone = 'demo/attempts/0197a000-0000-7000-8000-000000000000/s/1/result.json';
    await store.put(gone, '{}');
    utimesSync(join(folder, 'buckets/runnel/site-1', gone), 1_700_000_000, 1_700_000_000);
    const collected = await runnel(['gc', '--data', up.folder]);
    expect(collected.stdout).toContain('deleted 1 objects');
    expect(await store.head(gone)).toBeUndefined();
    expect((await up.request(`/workspaces/demo/results/${run}/catalogue/catalog.json`)).status).toBe(200);
  }, 60_000);

  it('is found in order by the doctor, and missed when it is away', async () => {
    const well = await runnel(['doctor', '--data', up.folder]);
    expect(well.stdout).toContain(`presigned addresses work at ${new URL(server.endpoint).host}`);
    await server.stop();
    const missed = await runnel(['doctor', '--data', up.folder]);
    expect(missed.code).not.toBe(0);
    expect((await up.request('/workspaces/demo/files/some/digits.txt')).status).toBe(503);
    server = await startVersitygw(command ?? '', folder, { port: server.port });
    for (let status = 0; status !== 200;) ({ status } = await up.request('/workspaces/demo/files/some/digits.txt'));
  }, 90_000);
});
