import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@runnel/cwl';
import { putValue, readValue } from '@runnel/objects';
import { ingesterFixture, type Fixture } from '../ingester.fixture.ts';
import { publishOutputs } from './publish-outputs.ts';
import { removeResults } from './remove-results.ts';

describe('publishing outputs', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await ingesterFixture();
  }, 60_000);
  afterEach(() => fixture.rows('delete from outbox'));
  afterAll(() => fixture.close());

  const request = (run: string, outputs: JsonObject, workspace = 'demo') => ({
    workspace,
    run,
    process: { workspace: 'demo', id: 'p', version: '1' },
    outputs,
  });
  const document = async (run: string) => (await readValue(fixture.objects, `demo/results/${run}/results.json`, 1_000_000)) as JsonObject;
  const stac = async (item: JsonObject = {}) => ({
    class: 'Directory',
    basename: 'catalogue',
    listing: [
      await fixture.made(
        'catalog.json',
        JSON.stringify({
          type: 'Catalog',
          stac_version: '1.0.0',
          id: 'c',
          description: 'd',
          links: [{ rel: 'item', href: './scene/item.json' }],
        }),
      ),
      {
        class: 'Directory',
        basename: 'scene',
        listing: [
          await fixture.made(
            'item.json',
            JSON.stringify({
              type: 'Feature',
              stac_version: '1.0.0',
              id: 'scene',
              geometry: null,
              properties: { datetime: '2026-01-01T00:00:00Z' },
              links: [],
              assets: { ndvi: { href: './ndvi.tif' } },
              ...item,
            }),
          ),
          await fixture.made('ndvi.tif', 'pixels'),
        ],
      },
    ],
  });

  it('copies files, writes the document and the rows, and answers', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    const outputs = {
      mean: 0.5,
      picture: await fixture.made('quicklook.png', 'png'),
      nothing: null,
      all: [await fixture.made('a.txt', 'a'), await fixture.made('a.txt', 'b')],
    };
    expect(await publishOutputs(fixture, request(run, outputs))).toBe('published');

    expect(await fixture.keys(`demo/results/${run}/`)).toEqual(['a.txt', 'all/a.txt', 'quicklook.png', 'results.json']);
    expect((await fixture.objects.getBytes(`demo/results/${run}/all/a.txt`, 9)).toString()).toBe('b');
    const { outputs: published } = await document(run);
    expect(published).toEqual({
      mean: 0.5,
      nothing: null,
      picture: {
        class: 'File',
        location: `runnel:demo/results/${run}/quicklook.png`,
        basename: 'quicklook.png',
        mediaType: 'image/png',
        size: 3,
        checksum: outputs.picture['checksum'],
      },
      all: [
        expect.objectContaining({ location: `runnel:demo/results/${run}/a.txt` }),
        expect.objectContaining({ location: `runnel:demo/results/${run}/all/a.txt` }),
      ],
    });
    expect(await fixture.rows('select output, value from results where run_id = $1', [run])).toEqual([{ output: '', value: published }]);
    expect(await fixture.told()).toEqual([
      { type: 'runnel.results.published.v1', data: { workspace: 'demo', run, document: `demo/results/${run}/results.json` } },
    ]);
    // What the outputs name is kept from the garbage collection.
    expect(await fixture.rows(`select size from objects where workspace = 'demo' and size = 3`)).toHaveLength(1);
  });

  it('publishes a STAC catalogue with the addresses of the published files', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    expect(await publishOutputs(fixture, request(run, { out: await stac() }))).toBe('published');
    const rows = await fixture.rows('select collection, item, document, visible from catalogue where run_id = $1 order by item', [run]);
    expect(rows).toMatchObject([
      { collection: `col_${run}`, item: '', visible: true, document: { type: 'Collection', title: `Result Collection for Job ${run}` } },
      {
        collection: `col_${run}`,
        item: 'scene',
        visible: true,
        document: { collection: `col_${run}`, assets: { ndvi: { href: `runnel:demo/results/${run}/catalogue/scene/ndvi.tif` } } },
      },
    ]);
    expect(await document(run)).toMatchObject({ stac: [{ output: 'out', catalogue: 'c', collections: [`col_${run}`] }] });
    expect(await fixture.keys(`demo/results/${run}/catalogue/`)).toEqual(['catalog.json', 'scene/item.json', 'scene/ndvi.tif']);
  });

  it('writes the layout of the hub for who reads it as a catalogue, twice the same, and tells pipelines', async () => {
    const run = await fixture.addRun({ phase: 'publishing', catalogue: true });
    expect(await publishOutputs(fixture, request(run, { out: await stac() }))).toBe('published');
    const top = 'processing-results';
    const keys = [`${top}.json`, `${top}/p.json`, `${top}/p/c.json`, `${top}/p/c/col_${run}.json`, `${top}/p/c/col_${run}/scene.json`];
    expect(await fixture.keys('demo/files/')).toEqual(expect.arrayContaining([...keys, `${top}/p/c/col_${run}/scene/ndvi.tif`]));
    const read = (key: string) => readValue(fixture.objects, `demo/files/${key}`, 1_000_000);
    expect(await read(`${top}/p/c/col_${run}/scene.json`)).toMatchObject({
      collection: `col_${run}`,
      assets: { ndvi: { href: './scene/ndvi.tif' } },
      links: expect.arrayContaining([{ rel: 'collection', href: `../col_${run}.json`, type: 'application/json' }]),
    });
    expect(await fixture.told()).toMatchObject([
      { type: 'runnel.results.published.v1' },
      {
        type: 'runnel.catalogue.changed.v1',
        data: {
          workspace: 'demo',
          bucket_name: 'bucket',
          added_keys: keys.map((key) => `demo/files/${key}`),
          updated_keys: [],
          deleted_keys: [],
        },
      },
    ]);
    // Another run adds to what is shared, and what it shares stays when it is removed.
    const next = await fixture.addRun({ phase: 'publishing', catalogue: true });
    await publishOutputs(fixture, request(next, { out: await stac() }));
    const children = async () =>
      ((await read(`${top}/p/c.json`)) as { links: { rel: string }[] }).links.filter(({ rel }) => rel === 'child');
    expect(await children()).toHaveLength(2);
    expect((await fixture.told()).at(-1)?.data['updated_keys']).toEqual(keys.slice(0, 3).map((key) => `demo/files/${key}`));
    await removeResults(fixture, 'demo', next);
    expect(await fixture.keys(`demo/files/${top}/p/c/col_${next}`)).toEqual([]);
    expect(await fixture.keys(`demo/files/${top}/p/c/col_${run}`)).toHaveLength(3);
  });

  it.each([
    ['a directory without a catalogue', { out: { class: 'Directory', basename: 'd', listing: [] } }, 'output out has no catalog.json'],
    ['no outputs at all', {}, 'the workflow has no outputs'],
  ])('refuses %s where a catalogue is expected, and says so in the log', async (_what, outputs, reason) => {
    const run = await fixture.addRun({ phase: 'publishing', catalogue: true });
    expect(await publishOutputs(fixture, request(run, outputs))).toBe('refused');
    expect((await fixture.objects.getBytes(`demo/logs/${run}/node_stage_out/1/0.log`, 9999)).toString()).toContain(reason);
    // Only values: there was never a catalogue to be had.
    const plain = await fixture.addRun({ phase: 'publishing', catalogue: true });
    expect(await publishOutputs(fixture, request(plain, { mean: 1 }))).toBe('published');
  });

  it('brings what another workspace executed to whose run it is', async () => {
    const run = await fixture.addRun({ phase: 'publishing', workspace: 'caller', executing: 'demo', catalogue: true });
    expect(await publishOutputs(fixture, request(run, { out: await stac() }, 'caller'))).toBe('ignored');
    expect(await publishOutputs(fixture, request(run, { out: await stac() }))).toBe('published');
    expect(await fixture.keys(`caller/results/${run}/`)).toContain('results.json');
    expect(await fixture.keys('caller/files/')).toContain('processing-results.json');
    expect(await fixture.rows('select distinct workspace from catalogue where run_id = $1', [run])).toEqual([{ workspace: 'caller' }]);
    expect(await fixture.keys(`demo/logs/${run}/node_stage_out/1/`)).toEqual(['0.log']);
    expect((await fixture.told())[0]?.data).toEqual({ workspace: 'demo', run, document: `caller/results/${run}/results.json` });
  });

  it('refuses a catalogue with a fault, naming it, and leaves nothing', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    expect(await publishOutputs(fixture, request(run, { out: await stac({ assets: { a: { href: './gone.tif' } } }) }))).toBe('refused');
    expect(await fixture.told()).toMatchObject([
      {
        type: 'runnel.results.refused.v1',
        data: { run, reason: 'output out, scene/item.json: its asset a names a file that is not there: ./gone.tif' },
      },
    ]);
    expect(await fixture.keys(`demo/results/${run}/`)).toEqual([]);
    expect(await fixture.rows('select from results where run_id = $1 union all select from catalogue where run_id = $1', [run])).toEqual(
      [],
    );
  });

  it('does nothing new when asked again, but answers', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    const asked = request(run, { out: await stac(), n: 1 });
    await publishOutputs(fixture, asked);
    const before = await fixture.rows('select output, published_at from results where run_id = $1 order by output', [run]);
    expect(await publishOutputs(fixture, asked)).toBe('published');
    expect(await fixture.rows('select output, published_at from results where run_id = $1 order by output', [run])).toEqual(before);
    expect((await fixture.told()).map(({ type }) => type)).toEqual(['runnel.results.published.v1', 'runnel.results.published.v1']);
    await fixture.setPhase(run, 'successful');
    expect(await publishOutputs(fixture, asked)).toBe('ignored');
  });

  it.each(['dismissed', 'failed'])('removes what was copied when the run is %s', async (phase) => {
    const run = await fixture.addRun({ phase: 'publishing' });
    const asked = request(run, { out: await stac() });
    await publishOutputs(fixture, asked);
    await fixture.setPhase(run, phase);
    await fixture.rows('delete from outbox');
    expect(await publishOutputs(fixture, asked)).toBe('removed');
    expect(await fixture.keys(`demo/results/${run}/`)).toEqual([]);
    expect(await fixture.rows('select from results where run_id = $1 union all select from catalogue where run_id = $1', [run])).toEqual(
      [],
    );
    expect(await fixture.told()).toEqual([]);
  });

  it('publishes nothing of a run that is dismissed in the middle', async () => {
    // The dismissal is committed, and told, while files are being copied: the copying of many files against a removal that begins at once.
    for (let turn = 0; turn < 10; turn++) {
      const run = await fixture.addRun({ phase: 'publishing' });
      const files = await Promise.all(Array.from({ length: 30 }, (_, index) => fixture.made(`f${index}`, `content ${index}`)));
      const publishing = publishOutputs(fixture, request(run, { files, out: await stac() }));
      await new Promise((resolve) => setTimeout(resolve, turn * 3));
      await fixture.setPhase(run, 'dismissed');
      await Promise.all([publishing, removeResults(fixture, 'demo', run)]);
      expect(await fixture.keys(`demo/results/${run}/`)).toEqual([]);
      expect(await fixture.rows('select from results where run_id = $1 union all select from catalogue where run_id = $1', [run])).toEqual(
        [],
      );
    }
  });

  it('leaves the results of a run that another copy of the message published meanwhile', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const run = await fixture.addRun({ phase: 'publishing' });
      const files = await Promise.all(Array.from({ length: 30 }, (_, index) => fixture.made(`f${index}`, `content ${index}`)));
      const late = publishOutputs(fixture, request(run, { files }));
      await publishOutputs(fixture, request(run, { files }));
      await fixture.setPhase(run, 'successful');
      await late;
      expect(await fixture.keys(`demo/results/${run}/`)).toHaveLength(31);
      expect(await fixture.rows('select from results where run_id = $1', [run])).toHaveLength(1);
    }
  });

  it('ignores runs that are not there, not publishing, or of another workspace', async () => {
    expect(await publishOutputs(fixture, request('01936d2e-7c1a-7000-8000-00000000dead', {}))).toBe('ignored');
    expect(await publishOutputs(fixture, request(await fixture.addRun({ phase: 'running' }), {}))).toBe('ignored');
    expect(await publishOutputs(fixture, request(await fixture.addRun({ phase: 'publishing' }), {}, 'other'))).toBe('ignored');
  });

  it('publishes a run without outputs', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    expect(await publishOutputs(fixture, request(run, {}))).toBe('published');
    expect(await document(run)).toEqual({ outputs: {} });
  });

  it('reads stored values and gathered lists of the run, and only of the run', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    const other = await fixture.addRun({ phase: 'publishing' });
    const chunk = `demo/values/${run}/tile/chunk-0.json`;
    await putValue(fixture.objects, chunk, [{ f: await fixture.made('x', 'x') }, { f: await fixture.made('y', 'y') }]);
    const large = Array.from({ length: 50_000 }, (_, index) => `value ${index}`);
    await putValue(fixture.objects, `demo/values/${run}/outputs/large.json`, large);
    const outputs = {
      files: { $chunks: { keys: [chunk], size: 1000, offset: 0, output: 'f', shape: [2] } },
      large: { $stored: { key: `demo/values/${run}/outputs/large.json`, length: large.length } },
    };
    expect(await publishOutputs(fixture, request(run, outputs))).toBe('published');
    expect(await document(run)).toMatchObject({ outputs: { files: [{ basename: 'x' }, { basename: 'y' }], large } });
    // A row holds no more than an event may.
    const [row] = await fixture.rows(`select value -> 'large' as value from results where run_id = $1`, [run]);
    expect(row?.['value']).toEqual({ $stored: { key: `demo/values/${run}/results/large.json`, length: large.length } });

    expect(await publishOutputs(fixture, request(other, { v: { $stored: { key: chunk } } }))).toBe('refused');
    expect(await publishOutputs(fixture, request(other, { v: { $stored: { key: `demo/values/${other}/gone.json` } } }))).toBe('refused');
  });

  it('publishes inputs that became outputs, with size and checksum, and directories of the workspace', async () => {
    await fixture.objects.put('demo/files/band.tif', 'band');
    await fixture.objects.put('demo/files/scene/meta/a.xml', 'meta');
    await fixture.objects.put('demo/files/secret', 'secret');
    const given = { class: 'File', location: 'runnel:demo/files/band.tif', basename: 'band.tif' };
    const scene = { class: 'Directory', location: 'runnel:demo/files/scene' };
    const run = await fixture.addRun({ phase: 'publishing', inputs: { given, scene } });
    expect(await publishOutputs(fixture, request(run, { given, scene }))).toBe('published');
    expect(await document(run)).toMatchObject({
      outputs: {
        given: { size: 4, checksum: 'sha1$2502deb44ba556abc83784f27250dcd7bbaebc0f' },
        scene: { class: 'Directory', basename: 'scene', listing: [{ basename: 'meta', listing: [{ basename: 'a.xml', size: 4 }] }] },
      },
    });
    const thief = await fixture.addRun({ phase: 'publishing', inputs: { given } });
    const theft = { ...given, location: 'runnel:demo/files/secret' };
    expect(await publishOutputs(fixture, request(thief, { theft }))).toBe('refused');
    expect((await fixture.told()).at(-1)?.data['reason']).toContain('output theft names runnel:demo/files/secret');
  });

  it('refuses outputs whose content is gone', async () => {
    const run = await fixture.addRun({ phase: 'publishing' });
    const file = await fixture.made('a', 'soon gone');
    await fixture.objects.delete(file.location.slice('runnel:'.length));
    expect(await publishOutputs(fixture, request(run, { file, other: await fixture.made('b', 'b') }))).toBe('refused');
    expect((await fixture.told())[0]?.data['reason']).toBe('output file: the content of a is gone');
    expect(await fixture.keys(`demo/results/${run}/`)).toEqual([]);
  });

  it('lets a re-run with the same ids replace what the catalogue shows', async () => {
    const runs = [await fixture.addRun({ phase: 'publishing' }), await fixture.addRun({ phase: 'publishing' })];
    const collection = { type: 'Collection', stac_version: '1.0.0', id: 'mine', description: 'd', license: 'proprietary', links: [] };
    const extent = { spatial: { bbox: [[0, 0, 1, 1]] }, temporal: { interval: [[null, null]] } };
    for (const [index, run] of runs.entries()) {
      const listing = [
        await fixture.made(
          'catalog.json',
          JSON.stringify({ type: 'Catalog', stac_version: '1.0.0', id: 'c', description: 'd', links: [{ rel: 'child', href: 'c.json' }] }),
        ),
        await fixture.made('c.json', JSON.stringify({ ...collection, extent, title: `of run ${index}` })),
      ];
      await publishOutputs(fixture, request(run, { out: { class: 'Directory', basename: 'd', listing } }));
    }
    expect(await fixture.rows(`select run_id, document ->> 'title' as title from catalogue where collection = 'mine'`)).toEqual([
      { run_id: runs[1], title: 'of run 1' },
    ]);
    // What is removed of the first takes nothing from the second.
    await removeResults(fixture, 'demo', runs[0] ?? '');
    expect(await fixture.rows(`select from catalogue where collection = 'mine'`)).toHaveLength(1);
  });
});
