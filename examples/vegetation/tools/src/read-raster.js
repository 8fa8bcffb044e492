import { fromFile } from 'geotiff';
import { BadInput } from './program.js';

const georeferenceTags = [
  'ModelPixelScale',
  'ModelTiepoint',
  'ModelTransformation',
  'GeoKeyDirectory',
  'GeoDoubleParams',
  'GeoAsciiParams',
];

/**
 * Opens a GeoTIFF. `read(window)` gives its bands (`[left, top, right, bottom]` in pixels, default everything); `offset` says where a tile
 * stands in its scene.
 */
export async function openRaster(path) {
  const tiff = await fromFile(path).catch((error) => {
    throw new BadInput(`${path} is not a readable GeoTIFF: ${error.message}`);
  });
  const image = await tiff.getImage();
  const directory = image.fileDirectory;
  const value = async (tag) => (directory.hasTag(tag) ? directory.loadValue(tag) : undefined);
  const georeference = {};
  for (const tag of georeferenceTags) {
    const found = await value(tag);
    if (found !== undefined) georeference[tag] = found;
  }
  return {
    path,
    width: image.getWidth(),
    height: image.getHeight(),
    georeference,
    offset: offsetIn(await value('ImageDescription')),
    read: (window) => image.readRasters(window ? { window } : {}),
    close: () => tiff.close(),
  };
}

function offsetIn(description) {
  const match = /^tile at row (\d+), column (\d+)/.exec(description ?? '');
  return match ? { row: Number(match[1]), column: Number(match[2]) } : undefined;
}

export function describeOffset({ row, column }) {
  return `tile at row ${row}, column ${column}`;
}

/** The georeference of the part of a raster that begins at this pixel. */
export function shifted(georeference, { row, column }) {
  const { ModelPixelScale: scale, ModelTiepoint: tiepoint, ModelTransformation: matrix } = georeference;
  const result = { ...georeference };
  if (tiepoint && scale) {
    result.ModelTiepoint = Array.from(tiepoint, (number, index) =>
      index % 6 === 3 ? number + column * scale[0] : index % 6 === 4 ? number - row * scale[1] : number,
    );
  }
  if (matrix) {
    result.ModelTransformation = Array.from(matrix);
    result.ModelTransformation[3] += column * matrix[0] + row * matrix[1];
    result.ModelTransformation[7] += column * matrix[4] + row * matrix[5];
  }
  return result;
}
