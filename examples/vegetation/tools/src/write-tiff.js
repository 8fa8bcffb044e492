import { writeFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';

const sampleFormats = {
  Uint8Array: 1,
  Uint16Array: 1,
  Uint32Array: 1,
  Int8Array: 2,
  Int16Array: 2,
  Int32Array: 2,
  Float32Array: 3,
  Float64Array: 3,
};
const types = { ascii: 2, short: 3, long: 4, double: 12 };
const georeferenceTypes = {
  ModelPixelScale: [33550, 'double'],
  ModelTiepoint: [33922, 'double'],
  ModelTransformation: [34264, 'double'],
  GeoKeyDirectory: [34735, 'short'],
  GeoDoubleParams: [34736, 'double'],
  GeoAsciiParams: [34737, 'ascii'],
};
const rowsPerStrip = 64;

/**
 * Writes bands (typed arrays of one kind, row by row) as a baseline TIFF: little-endian, deflate, pixel-interleaved strips. `nodata` and
 * `description` are optional texts.
 */
export async function writeTiff(path, { width, height, bands, georeference = {}, nodata, description }) {
  const strips = [];
  for (let row = 0; row < height; row += rowsPerStrip) {
    strips.push(deflateSync(interleaved(bands, row * width, Math.min(row + rowsPerStrip, height) * width)));
  }
  const kind = bands[0].constructor;
  const samples = bands.length;
  const each = (value) => new Array(samples).fill(value);
  const entries = [
    [256, 'long', [width]],
    [257, 'long', [height]],
    [258, 'short', each(kind.BYTES_PER_ELEMENT * 8)],
    [259, 'short', [8]], // deflate
    [262, 'short', [1]], // grey, black is zero
    ...(description ? [[270, 'ascii', description]] : []),
    [273, 'long', strips.map(() => 0)], // offsets, known below
    [277, 'short', [samples]],
    [278, 'long', [rowsPerStrip]],
    [279, 'long', strips.map((strip) => strip.length)],
    [284, 'short', [1]], // interleaved
    ...(samples > 1 ? [[338, 'short', new Array(samples - 1).fill(0)]] : []), // the further bands are no transparency
    [339, 'short', each(sampleFormats[kind.name])],
    ...Object.entries(georeferenceTypes)
      .filter(([name]) => georeference[name] !== undefined)
      .map(([name, [tag, type]]) => [tag, type, georeference[name]]),
    ...(nodata ? [[42113, 'ascii', nodata]] : []),
  ];
  await writeFile(path, Buffer.concat([...header(entries), ...strips]));
}

/** Image file header and directory, then the values that do not fit into it; the strips follow. */
function header(entries) {
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  let end = 8 + directory.length;
  const outside = [];
  const encoded = entries.map(([tag, type, value]) => {
    const bytes = encode(type, value);
    const offset = bytes.length > 4 ? end : undefined;
    if (offset !== undefined) {
      outside.push(bytes);
      end += bytes.length;
    }
    return { tag, type, count: type === 'ascii' ? bytes.length : value.length, bytes, offset };
  });
  const offsets = encoded.find(({ tag }) => tag === 273);
  const lengths = entries.find(([tag]) => tag === 279)[2];
  let at = end;
  lengths.forEach((length, index) => {
    offsets.bytes.writeUInt32LE(at, index * 4);
    at += length;
  });
  directory.writeUInt16LE(encoded.length, 0);
  encoded.forEach(({ tag, type, count, bytes, offset }, index) => {
    const place = 2 + index * 12;
    directory.writeUInt16LE(tag, place);
    directory.writeUInt16LE(types[type], place + 2);
    directory.writeUInt32LE(count, place + 4);
    if (offset === undefined) bytes.copy(directory, place + 8);
    else directory.writeUInt32LE(offset, place + 8);
  });
  return [Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]), directory, ...outside];
}

function encode(type, value) {
  switch (type) {
    case 'ascii':
      return Buffer.from(value.endsWith('\0') ? value : `${value}\0`, 'latin1');
    case 'short':
      return bytesOf(Uint16Array.from(value));
    case 'long':
      return bytesOf(Uint32Array.from(value));
    case 'double':
      return bytesOf(Float64Array.from(value));
  }
}

function interleaved(bands, from, to) {
  if (bands.length === 1) return bytesOf(bands[0].subarray(from, to));
  const pixels = new bands[0].constructor((to - from) * bands.length);
  bands.forEach((band, sample) => {
    for (let index = from; index < to; index++) pixels[(index - from) * bands.length + sample] = band[index];
  });
  return bytesOf(pixels);
}

/** Typed arrays are little-endian on every machine that Node runs on, like the file. */
function bytesOf(array) {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
