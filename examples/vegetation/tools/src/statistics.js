import { writeFile } from 'node:fs/promises';
import { statisticsOf } from './ndvi.js';
import { BadInput, program } from './program.js';
import { openRaster } from './read-raster.js';

const usage = 'statistics NDVI.tif --output FILE\nMinimum, mean, maximum and cover classes of an NDVI raster, as JSON.';

/** Cover classes by NDVI: name and where the class begins. */
const classes = [
  ['water, snow or cloud', -Infinity],
  ['bare or built-up', 0],
  ['sparse vegetation', 0.2],
  ['moderate vegetation', 0.4],
  ['dense vegetation', 0.6],
];

await program(usage, { output: { type: 'string', required: true } }, async (values, [path]) => {
  if (!path) throw new BadInput(usage);
  const raster = await openRaster(path);
  const [band] = await raster.read();
  await raster.close();
  const found = statisticsOf(band);
  if (!found) throw new BadInput(`${path} has no pixel with a value`);
  const { min, mean, max, stddev, count } = found;
  const document = {
    index: 'NDVI',
    min: rounded(min),
    mean: rounded(mean),
    max: rounded(max),
    stddev: rounded(stddev),
    width: raster.width,
    height: raster.height,
    pixels: count,
    cover: coverOf(band, count),
  };
  await writeFile(values.output, `${JSON.stringify(document, null, 2)}\n`);
  console.log(`NDVI of ${count} pixels: min ${document.min}, mean ${document.mean}, max ${document.max}`);
});

/** Share of the pixels in each class. */
function coverOf(band, count) {
  return Object.fromEntries(
    classes.map(([name, from], index) => {
      const to = classes[index + 1]?.[1] ?? Infinity;
      let inside = 0;
      for (const value of band) if (value >= from && value < to) inside++;
      return [name, rounded(inside / count)];
    }),
  );
}

function rounded(number) {
  return Math.round(number * 1e6) / 1e6;
}
