import { basename } from 'node:path';
import { ndviOf } from './ndvi.js';
import { BadInput, program } from './program.js';
import { describeOffset, openRaster } from './read-raster.js';
import { writeTiff } from './write-tiff.js';

const usage = 'tile-ndvi TILE.tif [--output FILE]\nNDVI of a tile with the bands red and near infrared.';

await program(usage, { output: { type: 'string' } }, async (values, [path]) => {
  if (!path) throw new BadInput(usage);
  const tile = await openRaster(path);
  const [red, nir] = await tile.read();
  if (!tile.offset || !nir) throw new BadInput(`${path} is no tile of split-tiles`);
  await writeTiff(values.output ?? `ndvi-${basename(path)}`, {
    width: tile.width,
    height: tile.height,
    bands: [ndviOf(red, nir)],
    georeference: tile.georeference,
    nodata: 'nan',
    description: describeOffset(tile.offset),
  });
  await tile.close();
});
