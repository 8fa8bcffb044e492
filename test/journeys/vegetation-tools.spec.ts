import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromFile } from 'geotiff';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonWith } from './python-environment.ts';

const run = promisify(execFile);
const example = join(import.meta.dirname, '../../examples/vegetation');
const red = join(example, 'data/B04.tif');
const nir = join(example, 'data/B08.tif');
const python = await pythonWith('rasterio-1.4.4-pystac-1.15.2', ['rasterio==1.4.4', 'numpy==2.4.6', 'pystac[validation]==1.15.2']);
const withPython = python ? it : it.skip;

interface Statistics {
  min: number;
  mean: number;
  max: number;
  pixels: number;
}

/** A program of the image, with nothing but the PATH that the sandbox gives. */
async function tool(cwd: string, name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(join(example, 'tools/bin', name), args, { cwd, env: { PATH: '/usr/bin:/bin' } });
  return stdout;
}

/** The workflow without a workflow engine. */
async function process(folder: string, bands: { red: string; nir: string; size: number }): Promise<Statistics> {
  await tool(folder, 'split-tiles', '--red', bands.red, '--nir', bands.nir, '--size', String(bands.size), '--output', 'tiles');
  const tiles = (await readdir(join(folder, 'tiles'))).sort();
  for (const tile of tiles) await tool(folder, 'tile-ndvi', join('tiles', tile), '--output', `ndvi-${tile}`);
  await tool(folder, 'mosaic', '--output', 'ndvi.tif', ...tiles.map((tile) => `ndvi-${tile}`));
  await tool(folder, 'statistics', 'ndvi.tif', '--output', 'statistics.json');
  return JSON.parse(await readFile(join(folder, 'statistics.json'), 'utf8')) as Statistics;
}

async function band(path: string): Promise<ArrayLike<number>> {
  const tiff = await fromFile(path);
  const [first] = await (await tiff.getImage()).readRasters({ interleave: false });
  await tiff.close();
  if (!first) throw new Error(`${path} has no band`);
  return first;
}

describe('vegetation example: the tools', () => {
  let base: string;
  let folder: string;
  let statistics: Statistics;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'vegetation-'));
    folder = await mkdtemp(join(base, 'scene-'));
    statistics = await process(folder, { red, nir, size: 100 });
    await tool(folder, 'quicklook', 'ndvi.tif', '--output', 'quicklook.png', '--title', 'NDVI');
    await tool(
      folder,
      'stac-catalogue',
      '--scene',
      'sample',
      '--ndvi',
      'ndvi.tif',
      '--quicklook',
      'quicklook.png',
      '--statistics',
      'statistics.json',
      '--output',
      'catalogue',
    );
  }, 120_000);
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('find the known statistics', () => {
    expect(Math.abs(statistics.min - -0.425486)).toBeLessThanOrEqual(2e-6);
    expect(Math.abs(statistics.mean - 0.469985)).toBeLessThanOrEqual(2e-6);
    expect(Math.abs(statistics.max - 0.891056)).toBeLessThanOrEqual(2e-6);
    expect(statistics.pixels).toBe(90_000);
  });

  it('write a mosaic that equals the untiled computation', async () => {
    const [low, high, mosaic] = [await band(red), await band(nir), await band(join(folder, 'ndvi.tif'))];
    expect(mosaic).toHaveLength(90_000);
    const untiled = Float32Array.from(low, (value, index) => ((high[index] ?? NaN) - value) / ((high[index] ?? NaN) + value));
    expect(Buffer.from(Float32Array.from(mosaic).buffer).equals(Buffer.from(untiled.buffer))).toBe(true);
  });

  it('give the same mosaic for tiles that do not divide the scene', async () => {
    const other = await mkdtemp(join(base, 'odd-'));
    await process(other, { red, nir, size: 170 });
    expect((await readFile(join(other, 'ndvi.tif'))).equals(await readFile(join(folder, 'ndvi.tif')))).toBe(true);
  }, 60_000);

  it('find the opposite mean with the bands swapped', async () => {
    const swapped = await process(await mkdtemp(join(base, 'swapped-')), { red: nir, nir: red, size: 150 });
    expect(Math.abs(swapped.mean - -0.469985)).toBeLessThanOrEqual(2e-6);
  }, 60_000);

  it('refuse what is no band, no tile, or a scene with a gap', async () => {
    await writeFile(join(folder, 'text.tif'), 'no TIFF');
    await expect(tool(folder, 'split-tiles', '--red', 'text.tif', '--nir', nir)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('text.tif is not a readable GeoTIFF'),
    });
    await expect(tool(folder, 'tile-ndvi', red)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no tile of split-tiles'),
    });
    await expect(
      tool(folder, 'mosaic', '--output', 'x.tif', 'ndvi-tile-r00000-c00000.tif', 'ndvi-tile-r00100-c00100.tif'),
    ).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('gap') });
    await expect(tool(folder, 'split-tiles', '--red', red)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--nir is missing'),
    });
  });

  it('describe the results as STAC, with what is linked in its place', async () => {
    const catalogue = JSON.parse(await readFile(join(folder, 'catalogue/catalog.json'), 'utf8'));
    expect(catalogue.type).toBe('Catalog');
    const itemPath = join(
      folder,
      'catalogue',
      (catalogue.links as { rel: string; href: string }[]).find((link) => link.rel === 'item')?.href ?? '',
    );
    const item = JSON.parse(await readFile(itemPath, 'utf8'));
    expect(item).toMatchObject({ type: 'Feature', geometry: null });
    expect(item).not.toHaveProperty('bbox');
    for (const asset of Object.values<{ href: string }>(item.assets)) await readFile(join(itemPath, '..', asset.href));
    expect((await readFile(join(folder, 'catalogue/sample-ndvi/quicklook.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  withPython(
    `agree with rasterio about the written GeoTIFF${python ? '' : ' (skipped: rasterio cannot be installed here)'}`,
    async () => {
      const program = `
import json, sys, numpy, rasterio
read = lambda path: rasterio.open(path).read(1).astype('float64')
red, nir = read(sys.argv[1]), read(sys.argv[2])
with rasterio.open(sys.argv[3]) as written:
    ndvi = written.read(1)
    assert written.count == 1 and written.dtypes == ('float32',) and numpy.isnan(written.nodata), written.profile
untiled = ((nir - red) / (nir + red)).astype('float32')
print(json.dumps({'equal': bool((untiled == ndvi).all()), 'min': float(ndvi.min()), 'mean': float(ndvi.mean(dtype='float64')), 'max': float(ndvi.max())}))`;
      const { stdout } = await run(python ?? '', ['-W', 'ignore', '-c', program, red, nir, join(folder, 'ndvi.tif')]);
      const found = JSON.parse(stdout) as Statistics & { equal: boolean };
      expect(found.equal).toBe(true);
      for (const name of ['min', 'mean', 'max'] as const) expect(Math.abs(found[name] - statistics[name])).toBeLessThanOrEqual(1e-6);
    },
    60_000,
  );

  withPython(
    `satisfy pystac's core schemas${python ? '' : ' (skipped: pystac cannot be installed here)'}`,
    async () => {
      const program = `
import sys, pystac
catalogue = pystac.Catalog.from_file(sys.argv[1])
catalogue.validate()
for item in catalogue.get_items(): item.validate(); print(item.id, item.geometry, item.bbox)`;
      const { stdout } = await run(python ?? '', ['-c', program, join(folder, 'catalogue/catalog.json')]);
      expect(stdout.trim()).toBe('sample-ndvi None None');
    },
    60_000,
  );
});
