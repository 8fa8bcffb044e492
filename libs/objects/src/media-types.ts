/** Media types of the extensions that workflows over Earth-observation data leave behind. */
const byExtension: Record<string, string> = {
  json: 'application/json',
  geojson: 'application/geo+json',
  tif: 'image/tiff; application=geotiff',
  tiff: 'image/tiff; application=geotiff',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  cwl: 'application/cwl+yaml',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  tar: 'application/x-tar',
  nc: 'application/netcdf',
  h5: 'application/x-hdf5',
  parquet: 'application/vnd.apache.parquet',
};

/** Media type of a file by its name's extension; `application/octet-stream` where nothing is known. */
export function mediaTypeOf(name: string): string {
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(byExtension, extension) ? (byExtension[extension] ?? '') : 'application/octet-stream';
}
