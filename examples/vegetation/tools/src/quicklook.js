import { writeFile } from 'node:fs/promises';
import { PNG } from 'pngjs';
import { drawText, textWidth } from './glyphs.js';
import { statisticsOf } from './ndvi.js';
import { BadInput, program } from './program.js';
import { openRaster } from './read-raster.js';

const usage = 'quicklook NDVI.tif --output FILE [--title TEXT]\nA picture of an NDVI raster with its legend, as PNG.';

/** Colours by NDVI, from water over soil to dense vegetation; linear in between. */
const stops = [
  [-0.2, [38, 84, 140]],
  [0, [166, 190, 206]],
  [0.08, [176, 141, 98]],
  [0.2, [222, 199, 143]],
  [0.35, [240, 236, 160]],
  [0.5, [158, 203, 96]],
  [0.7, [47, 143, 62]],
  [1, [5, 60, 28]],
];
const ink = [34, 38, 42];
const faint = [120, 128, 134];
const paper = [250, 250, 248];
const missing = [205, 205, 205];
const margin = 24;
const legend = { width: 178, bar: 26 };
const titleHeight = 44;

await program(usage, { output: { type: 'string', required: true }, title: { type: 'string', default: 'NDVI' } }, async (values, [path]) => {
  if (!path) throw new BadInput(usage);
  const raster = await openRaster(path);
  const [band] = await raster.read();
  await raster.close();
  const picture = pictureSize(raster);
  const canvas = createCanvas(picture.width + legend.width + 3 * margin, Math.max(picture.height, 340) + titleHeight + 2 * margin);
  canvas.text(values.title, margin, margin, 3, ink);
  drawRaster(canvas, raster, band, picture);
  drawLegend(canvas, picture.width + 2 * margin, margin + titleHeight, Math.max(picture.height, 340), statisticsOf(band));
  await writeFile(values.output, PNG.sync.write(canvas.png));
});

/** Small scenes are enlarged by a whole factor, large ones thinned out: the longer side has about 600 to 1200 pixels. */
function pictureSize({ width, height }) {
  const longer = Math.max(width, height);
  const scale = longer < 600 ? Math.ceil(600 / longer) : 1 / Math.ceil(longer / 1200);
  return { scale, width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

function drawRaster(canvas, raster, band, picture) {
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const value = band[Math.floor(y / picture.scale) * raster.width + Math.floor(x / picture.scale)];
      canvas.dot(margin + x, margin + titleHeight + y, Number.isNaN(value) ? missing : colourOf(value));
    }
  }
  canvas.frame(margin - 1, margin + titleHeight - 1, picture.width + 2, picture.height + 2, faint);
}

function drawLegend(canvas, left, top, height, statistics) {
  const lines = statistics
    ? ['max', 'mean', 'min'].map((name) => `${name.padEnd(5)}${statistics[name].toFixed(3).padStart(6)}`)
    : ['no values'];
  const barHeight = height - lines.length * 24 - 34;
  const [from, to] = [stops[0][0], stops.at(-1)[0]];
  for (let y = 0; y < barHeight; y++) {
    const colour = colourOf(to - ((to - from) * y) / (barHeight - 1));
    for (let x = 0; x < legend.bar; x++) canvas.dot(left + x, top + y, colour);
  }
  canvas.frame(left - 1, top - 1, legend.bar + 2, barHeight + 2, faint);
  for (let tenths = Math.round(from * 10); tenths <= to * 10; tenths += 2) {
    const y = top + Math.round(((to - tenths / 10) / (to - from)) * (barHeight - 1));
    for (let x = 0; x < 6; x++) canvas.dot(left + legend.bar + 1 + x, y, faint);
    const label = (tenths / 10).toFixed(1);
    canvas.text(label, left + legend.bar + 60 - textWidth(label, 2), Math.min(Math.max(y - 7, top), top + barHeight - 14), 2, ink);
  }
  canvas.sideways('vegetation', left + legend.bar + 78, top + 8, 2, faint);
  canvas.sideways('water', left + legend.bar + 78, top + barHeight - textWidth('water', 2) - 8, 2, faint);
  lines.forEach((line, index) => canvas.text(line, left, top + barHeight + 34 + index * 24, 2, ink));
}

function colourOf(value) {
  const above = stops.findIndex(([from]) => value < from);
  if (above === 0) return stops[0][1];
  if (above === -1) return stops.at(-1)[1];
  const [[from, low], [to, high]] = [stops[above - 1], stops[above]];
  const share = (value - from) / (to - from);
  return low.map((channel, index) => Math.round(channel + (high[index] - channel) * share));
}

function createCanvas(width, height) {
  const png = new PNG({ width, height, colorType: 2 });
  const dot = (x, y, [red, green, blue]) => {
    if (x >= 0 && y >= 0 && x < width && y < height) png.data.set([red, green, blue, 255], (y * width + x) * 4);
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) dot(x, y, paper);
  return {
    png,
    dot,
    text: (text, left, top, size, colour) => drawText(text, left, top, size, (x, y) => dot(x, y, colour)),
    /** Reads from top to bottom. */
    sideways: (text, left, top, size, colour) => drawText(text, 0, 0, size, (x, y) => dot(left + 8 * size - y, top + x, colour)),
    frame: (left, top, wide, high, colour) => {
      for (let x = left; x < left + wide; x++) [top, top + high - 1].forEach((y) => dot(x, y, colour));
      for (let y = top; y < top + high; y++) [left, left + wide - 1].forEach((x) => dot(x, y, colour));
    },
  };
}
