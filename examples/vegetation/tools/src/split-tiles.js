import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BadInput, program } from './program.js';
import { describeOffset, openRaster, shifted } from './read-raster.js';
import { writeTiff } from './write-tiff.js';

const usage =
  'split-tiles --red B04.tif --nir B08.tif [--size PIXELS] [--output FOLDER]\nCuts two bands into tiles of two bands each: red, near infrared.';

const options = {
  red: { type: 'string', required: true },
  nir: { type: 'string', required: true },
  size: { type: 'string', default: '100' },
  output: { type: 'string', default: '.' },
};

await program(usage, options, async (values) => {
  const size = Number(values.size);
  if (!Number.isInteger(size) || size < 1) throw new BadInput(`a tile has a whole number of pixels, not ${values.size}`);
  const red = await openRaster(values.red);
  const nir = await openRaster(values.nir);
  if (red.width !== nir.width || red.height !== nir.height) {
    throw new BadInput(`the bands do not fit: red has ${red.width} x ${red.height} pixels, near infrared ${nir.width} x ${nir.height}`);
  }
  await mkdir(values.output, { recursive: true });
  for (let row = 0; row < red.height; row += size) {
    for (let column = 0; column < red.width; column += size) {
      const window = [column, row, Math.min(column + size, red.width), Math.min(row + size, red.height)];
      const offset = { row, column };
      await writeTiff(join(values.output, nameOf(offset)), {
        width: window[2] - column,
        height: window[3] - row,
        bands: [(await red.read(window))[0], (await nir.read(window))[0]],
        georeference: shifted(red.georeference, offset),
        description: describeOffset(offset),
      });
    }
  }
  await red.close();
  await nir.close();
});

/** Sorts by row, then by column. */
function nameOf({ row, column }) {
  const digits = (number) => String(number).padStart(5, '0');
  return `tile-r${digits(row)}-c${digits(column)}.tif`;
}
