import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: see scripts/conformance-services.ts`);
  return value;
}

/** Of a path of the suite, its place below the suite's folder, each segment encoded. */
function placeOf(path: string): string {
  const place = relative(variable('SUITE_FOLDER'), path);
  if (place.startsWith('..')) throw new Error(`${path} lies outside of the suite`);
  return place.split('/').map(encodeURIComponent).join('/');
}

/** Where the services find a document that cwltest names by path or `file:` address, with or without `#process`. */
export function suiteAddress(named: string): string {
  const path = named.startsWith('file://') && !existsSync(named) ? named.slice('file://'.length) : named;
  const hash = existsSync(path) ? -1 : path.indexOf('#');
  const document = hash < 0 ? path : path.slice(0, hash);
  const place = placeOf(resolve(named === path ? document : decodeURIComponent(document)));
  return `${variable('SUITE_URL')}/${place}${hash < 0 ? '' : path.slice(hash)}`;
}

/** Where the workspace holds a file of the suite; `location` is what a job says, relative to its own folder. */
export function workspaceAddress(location: string, folder: string, isUri: boolean): string {
  if (/^https?:/.test(location)) return location;
  const path = location.startsWith('file:') ? fileURLToPath(location) : resolve(folder, isUri ? decodeURIComponent(location) : location);
  return `${variable('SUITE_FILES')}/${placeOf(path)}`;
}
