import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BadInput, program } from './program.js';

const usage =
  'stac-catalogue --scene ID [--datetime RFC3339] --ndvi FILE --quicklook FILE --statistics FILE --output FOLDER\n' +
  'A STAC catalogue with one item whose assets are these files.';

const options = {
  scene: { type: 'string', required: true },
  datetime: { type: 'string' },
  ndvi: { type: 'string', required: true },
  quicklook: { type: 'string', required: true },
  statistics: { type: 'string', required: true },
  output: { type: 'string', required: true },
};

await program(usage, options, async (values) => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(values.scene))
    throw new BadInput(`"${values.scene}" cannot name a scene: letters, digits, ".", "_" and "-"`);
  const id = `${values.scene}-ndvi`;
  const folder = join(values.output, id);
  await mkdir(folder, { recursive: true });
  const item = {
    type: 'Feature',
    stac_version: '1.0.0',
    id,
    // The scene has no georeference, so by RFC 7946 it is unlocated: no bbox either.
    geometry: null,
    properties: {
      title: `NDVI of ${values.scene}`,
      description: 'Normalised difference vegetation index of a Sentinel-2 scene. Contains modified Copernicus Sentinel data.',
      ...timesOf(values.datetime),
      created: new Date().toISOString(),
      constellation: 'sentinel-2',
      instruments: ['msi'],
    },
    links: [
      { rel: 'root', href: '../catalog.json', type: 'application/json' },
      { rel: 'parent', href: '../catalog.json', type: 'application/json' },
    ],
    assets: {
      ndvi: await asset(folder, values.ndvi, 'ndvi.tif', {
        type: 'image/tiff; application=geotiff',
        title: 'NDVI, float32',
        roles: ['data'],
      }),
      quicklook: await asset(folder, values.quicklook, 'quicklook.png', {
        type: 'image/png',
        title: 'Quick-look with legend',
        roles: ['overview'],
      }),
      statistics: await asset(folder, values.statistics, 'statistics.json', {
        type: 'application/json',
        title: 'Statistics',
        roles: ['metadata'],
      }),
    },
  };
  const catalogue = {
    type: 'Catalog',
    stac_version: '1.0.0',
    id: values.scene,
    description: `Vegetation of ${values.scene}`,
    links: [
      { rel: 'root', href: './catalog.json', type: 'application/json' },
      { rel: 'item', href: `./${id}/${id}.json`, type: 'application/geo+json', title: item.properties.title },
    ],
  };
  await writeFile(join(folder, `${id}.json`), `${JSON.stringify(item, null, 2)}\n`);
  await writeFile(join(values.output, 'catalog.json'), `${JSON.stringify(catalogue, null, 2)}\n`);
});

async function asset(folder, path, name, fields) {
  await copyFile(path, join(folder, name));
  return { href: `./${name}`, ...fields };
}

/** An unknown time is told by the span in which it must lie: STAC wants both ends where `datetime` is null. */
function timesOf(datetime) {
  if (datetime === undefined) return { datetime: null, start_datetime: '2015-06-23T00:00:00Z', end_datetime: new Date().toISOString() };
  if (Number.isNaN(Date.parse(datetime)) || !/T.*(Z|[+-]\d\d:\d\d)$/.test(datetime))
    throw new BadInput(`not a time with a zone (RFC 3339): ${datetime}`);
  return { datetime: new Date(datetime).toISOString() };
}
