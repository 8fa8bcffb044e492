import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deploy, execute, removeFolder, repository, startUp, type Up } from './up.ts';

const example = join(repository, 'examples/vegetation');
let up: Up;
let files: string;

beforeAll(async () => {
  up = await startUp({ args: ['--images', join(example, 'images.json')] });
  files = mkdtempSync(join(tmpdir(), 'runnel-vegetation-'));
  await up.runnel(['upload', '--to', 'vegetation', join(example, 'data/B04.tif'), join(example, 'data/B08.tif')]);
  const deployed = await deploy(up, readFileSync(join(example, 'app.cwl'), 'utf8'));
  expect(deployed.status).toBe(201);
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  rmSync(files, { recursive: true });
}, 60_000);

interface Link {
  href: string;
  type: string;
}
interface Results {
  statistics: Link;
  ndvi: Link;
  quicklook: Link;
  mean_ndvi: number;
}

async function download(link: Link): Promise<Buffer> {
  const answer = await up.request(new URL(link.href).pathname);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

describe('examples/vegetation through the services', () => {
  it('computes the known statistics, a GeoTIFF, a picture and a STAC catalogue', async () => {
    const inputs = JSON.parse(readFileSync(join(example, 'inputs.json'), 'utf8')) as Record<string, unknown>;
    const { job, results } = await execute(up, 'vegetation', inputs);
    expect(job).toMatchObject({ status: 'successful' });
    const { statistics, ndvi, quicklook, mean_ndvi: mean } = results as unknown as Results;
    const found = JSON.parse((await download(statistics)).toString()) as { min: number; mean: number; max: number };
    expect(found.min).toBeCloseTo(-0.425486, 5);
    expect(found.mean).toBeCloseTo(0.469985, 5);
    expect(found.max).toBeCloseTo(0.891056, 5);
    expect(mean).toBeCloseTo(found.mean, 9);
    expect((await download(quicklook)).subarray(1, 4).toString()).toBe('PNG');
    writeFileSync(join(files, 'ndvi.tif'), await download(ndvi));
    expect(execFileSync('head', ['-c', '2', join(files, 'ndvi.tif')]).toString()).toBe('II');
    expect(results).toMatchObject({ catalogue: { listing: expect.arrayContaining([expect.objectContaining({ title: 'catalog.json' })]) } });
  }, 120_000);

  it('with the bands swapped the mean changes its sign', async () => {
    const band = (name: string) => ({ class: 'File', location: `files/vegetation/${name}.tif` });
    const { results } = await execute(up, 'vegetation', { red: band('B08'), nir: band('B04'), tile_size: 150 });
    expect((results as unknown as Results).mean_ndvi).toBeCloseTo(-0.469985, 5);
  }, 120_000);
});
