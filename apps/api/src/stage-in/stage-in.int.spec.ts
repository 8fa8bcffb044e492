import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cwl, json, startTestApi, wide } from '../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../testing/test-api.ts';

const several = `cwlVersion: v1.2
class: CommandLineTool
id: several
baseCommand: 'true'
inputs: {folders: "Directory[]"}
outputs: []
`;

let server: Server;
let host: string;
let api: TestApi;
let demo: Client;
const asked: { url: string; headers: IncomingMessage['headers'] }[] = [];
const content = Buffer.alloc(100_000, 'scene ');
const sha256 = createHash('sha256').update(content).digest('hex');

/** What the other side has. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  asked.push({ url: request.url ?? '', headers: request.headers });
  const send = (value: object): void => void response.end(JSON.stringify(value));
  const item = (id: string, assets: object): object => ({ type: 'Feature', id, stac_version: '1.0.0', properties: {}, assets });
  switch (request.url) {
    case '/items/whole.json':
      return send(item('whole', { b1: { href: './b1.tif', 'file:checksum': `1220${sha256}` }, b2: { href: '/breaks.tif' } }));
    case '/items/wrong.json':
      return send(item('wrong', { b1: { href: './b1.tif', 'file:checksum': `1220${'0'.repeat(64)}` } }));
    case '/items/inward.json':
      return send(item('inward', { b1: { href: 'http://127.0.0.1:1/secret' } }));
    case '/items/upward.json':
      return send(item('upward', { b1: { href: 'file:///etc/passwd' } }));
    case '/items/sly.json':
      return send(item('sly', { b1: { href: 'http://here.invalid/workspaces/cc/files/secret.txt' } }));
    case '/items/fading.json':
      return send(item('fading', { b1: { href: '/fades.tif' } }));
    case '/items/unlike.json':
      return send(item('unlike', { b1: { href: '/breaks.tif?unlike' } }));
    case '/collection.json':
      return send({ type: 'Collection', id: 'c', links: ['whole', 'plain'].map((id) => ({ rel: 'item', href: `./items/${id}.json` })) });
    case '/items/plain.json':
      return send(item('plain', {}));
    case '/items/b1.tif':
      if (request.headers['if-none-match'] === '"one"') return void response.writeHead(304).end();
      return void response.writeHead(200, { etag: '"one"' }).end(content);
    case '/breaks.tif?unlike':
      return void response.end(content);
    case '/breaks.tif': {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const end = Math.min(from + 40_000, content.length);
      const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
      response.writeHead(from === 0 ? 200 : 206, { etag: '"two"', 'content-length': content.length - from, ...range });
      response.write(content.subarray(from, end), () => (end < content.length ? response.destroy() : response.end()));
      return;
    }
    case '/fades.tif':
      response.writeHead(200, { 'content-length': content.length });
      return void response.write(content.subarray(0, 1000), () => response.destroy());
    case '/text':
      return void response.end('no json');
    default:
      response.writeHead(404).end();
  }
}

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  api = await startTestApi({ outboundHosts: [host], maxStageInBytes: 1_000_000 });
  demo = await api.as('demo');
  for (const document of [wide, several]) expect((await demo('POST', '/demo/ogc-api/processes', cwl(document))).status).toBe(201);
});
afterAll(async () => {
  await api.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.splice(0);
});

const execute = (folder: string): Promise<Answer> =>
  demo('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n: [1], folder } }));

interface Entry {
  class: string;
  basename: string;
  location: string;
  size: number;
  listing: Entry[];
}

/** What a run got as an input. */
async function staged(run: string, name: string): Promise<Entry> {
  const { rows } = await api.database.pool.query<{ data: { inputs: Record<string, Entry> } }>(
    'select data from events where run_id = $1 and version = 1',
    [run],
  );
  return rows[0]?.data.inputs[name] as Entry;
}
const bytesOf = ({ location }: Entry) => api.objects.getBytes(location.replace('runnel:', ''), 1_000_000);
const named = ({ listing }: Entry, basename: string) => listing.find((entry) => entry.basename === basename) as Entry;

describe('a folder given as a STAC item', () => {
  it('of elsewhere: its assets beside it, whole where a connection broke; not fetched again where they are the same', async () => {
    const { status, body } = await execute(`http://${host}/items/whole.json`);
    expect([status, body.detail]).toEqual([201, undefined]);
    const folder = await staged(body.jobID, 'folder');
    expect(folder).toMatchObject({ class: 'Directory', basename: 'whole' });
    const inner = named(folder, 'whole');
    for (const name of ['b1.tif', 'breaks.tif']) expect((await bytesOf(named(inner, name))).equals(content)).toBe(true);
    expect(JSON.parse((await bytesOf(named(folder, 'catalog.json'))).toString())).toMatchObject({
      type: 'Catalog',
      links: [{ rel: 'root' }, { rel: 'item', href: './whole/whole.json' }],
    });
    expect(JSON.parse((await bytesOf(named(inner, 'whole.json'))).toString())).toMatchObject({
      id: 'whole',
      assets: { b1: { href: './b1.tif' }, b2: { href: './breaks.tif' } },
    });
    const ranges = asked.filter(({ url }) => url === '/breaks.tif').map(({ headers }) => [headers.range, headers['if-range']]);
    expect(ranges.length).toBeGreaterThan(1);
    expect(ranges[1]).toEqual([expect.stringMatching(/^bytes=\d+-$/), '"two"']);
    expect(asked.every(({ headers }) => headers.authorization === undefined)).toBe(true);

    asked.splice(0);
    const again = await execute(`http://${host}/items/whole.json`);
    expect(again.status).toBe(201);
    expect(asked.find(({ url }) => url === '/items/b1.tif')?.headers['if-none-match']).toBe('"one"');
    const copy = named(named(await staged(again.body.jobID, 'folder'), 'whole'), 'b1.tif');
    expect(copy.location).toContain(again.body.jobID);
    expect((await bytesOf(copy)).equals(content)).toBe(true);
  });

  it('of a workspace: its assets are used where they are; others’ files are not', async () => {
    const put = (path: string, body: string) => demo('PUT', `/workspaces/demo/files/${path}`, { body });
    await put('scenes/b.tif', 'mine');
    const item = (href: string) => JSON.stringify({ type: 'Feature', id: 'own', assets: { b: { href } } });
    await put('scenes/own.json', item('./b.tif'));
    await put('scenes/foreign.json', item('/workspaces/cc/files/b.tif'));
    await put('scenes/outside.json', item('../private/b.tif'));
    await put('scenes/collection.json', '{"type": "Collection", "links": [{"rel": "item", "href": "../private/own.json"}]}');
    const { status, body } = await execute('files/scenes/own.json');
    expect(status).toBe(201);
    expect(named(named(await staged(body.jobID, 'folder'), 'own'), 'b.tif').location).toBe('runnel:demo/files/scenes/b.tif');
    for (const name of ['foreign', 'outside', 'collection']) {
      const { status: refused, text } = await execute(`/workspaces/demo/files/scenes/${name}.json`);
      expect([name, refused, text]).toEqual([name, 400, expect.stringMatching(/does not lie below|name one of its items/)]);
    }
    // A plain folder is one as before.
    expect((await staged((await execute('files/scenes')).body.jobID, 'folder')).listing).toHaveLength(5);
  });

  it.each([
    ['/items/wrong.json', /not what its item says/],
    ['/items/inward.json', /not a public address/],
    ['/items/upward.json', /file: addresses are not asked/],
    ['/items/sly.json', /does not lie below/],
    ['/items/fading.json', /broke off after 1000 bytes/],
    ['/items/none.json', /answers 404/],
    ['/text', /is not JSON/],
    ['/collection.json', /it is a STAC Collection: name one of its items/],
  ])('%s is refused, with the reason', async (path, reason) => {
    const { status, text } = await execute(`http://${host}${path}`);
    expect([status, text]).toEqual([400, expect.stringMatching(reason)]);
    expect(text).not.toContain('here.invalid');
  });

  it('with others has more bytes than may be fetched: refused', async () => {
    // A hundred kilobytes each, of a megabyte.
    const folders = Array.from({ length: 11 }, () => `http://${host}/items/unlike.json`);
    const { status, text } = await demo('POST', '/demo/ogc-api/processes/several/execution', json({ inputs: { folders } }));
    expect([status, text]).toEqual([400, expect.stringContaining('more bytes than may be fetched')]);
  });

  it('for an input of several folders: a collection stands for its items', async () => {
    const { status, body } = await demo(
      'POST',
      '/demo/ogc-api/processes/several/execution',
      json({ inputs: { folders: [`http://${host}/collection.json`, `http://${host}/items/plain.json`] } }),
    );
    expect(status).toBe(201);
    const folders = (await staged(body.jobID, 'folders')) as unknown as Entry[];
    expect(folders.map(({ basename }) => basename)).toEqual(['whole', 'plain', 'plain']);
  });
});
