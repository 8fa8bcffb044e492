import { BadInput, program } from './program.js';
import { openRaster } from './read-raster.js';
import { writeTiff } from './write-tiff.js';

const usage = 'mosaic --output FILE TILE.tif...\nPuts the tiles of one scene together; each pixel must come from exactly one tile.';

await program(usage, { output: { type: 'string', required: true } }, async (values, paths) => {
  if (paths.length === 0) throw new BadInput('there are no tiles to put together');
  const tiles = await Promise.all(paths.map(openRaster));
  for (const tile of tiles) if (!tile.offset) throw new BadInput(`${tile.path} does not say where in the scene it stands`);
  const width = Math.max(...tiles.map((tile) => tile.offset.column + tile.width));
  const height = Math.max(...tiles.map((tile) => tile.offset.row + tile.height));
  const pixels = new Float32Array(width * height);
  const filled = new Uint8Array(width * height);
  for (const tile of tiles) {
    const [band] = await tile.read();
    for (let row = 0; row < tile.height; row++) {
      const at = (tile.offset.row + row) * width + tile.offset.column;
      if (filled.subarray(at, at + tile.width).includes(1)) throw new BadInput(`${tile.path} overlaps with another tile`);
      filled.fill(1, at, at + tile.width);
      pixels.set(band.subarray(row * tile.width, (row + 1) * tile.width), at);
    }
    await tile.close();
  }
  if (filled.includes(0)) throw new BadInput('the tiles leave a gap in the scene');
  const first = tiles.find(({ offset }) => offset.row === 0 && offset.column === 0);
  await writeTiff(values.output, { width, height, bands: [pixels], georeference: first.georeference, nodata: 'nan' });
});
