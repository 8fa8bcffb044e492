import type { Json, JsonObject } from '../model.ts';
import type { DirectoryValue, FileValue, PathValue } from './values.ts';
import { isFile, listingOf, mapPathValues, secondaryFilesOf, textField } from './values.ts';

const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:/;

/** `nameroot` and `nameext` of a basename; leading periods belong to the root (CommandLineTool § File). */
export function splitName(basename: string): { nameroot: string; nameext: string } {
  const leading = /^\.*/.exec(basename)?.[0].length ?? 0;
  const dot = basename.lastIndexOf('.');
  if (dot < leading || dot <= 0) return { nameroot: basename, nameext: '' };
  return { nameroot: basename.slice(0, dot), nameext: basename.slice(dot) };
}

/** Last component of a path, `/` alone for the root. */
export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** Everything before the last component of a path, without the slash. */
export function directoryName(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? path.slice(0, slash + 1) : path.slice(0, slash);
}

/** Whatever may have to be normalised, and some names with a leading period. */
const unclean = /^$|^\.|\/\.|\/\/|\/$/;

/** Joins and normalises POSIX paths: `.`, `..` and repeated slashes go; an absolute later part wins. */
export function joinPath(...parts: string[]): string {
  const start = parts.findLastIndex((part) => part.startsWith('/'));
  const absolute = start >= 0;
  const joined = parts.slice(Math.max(start, 0)).join('/');
  if (joined.startsWith('/') === absolute && !unclean.test(joined)) return joined;
  const kept: string[] = [];
  for (const segment of joined.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push('..');
  }
  return (absolute ? '/' : '') + kept.join('/') || '.';
}

/** True for the directory itself and everything below it. Both paths are normalised. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** `file://` address of an absolute path, percent-encoded. */
export function pathToLocation(path: string): string {
  return `file://${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Path of a `file:` address, percent-decoded, or of a plain path; undefined for any other scheme. */
export function locationToPath(location: string): string | undefined {
  if (!scheme.test(location)) return location;
  if (!location.startsWith('file:')) return undefined;
  return decode(location.slice('file:'.length).replace(/^\/\/[^/]*/, ''));
}

/** Last path component of an address, percent-decoded where it is a URI. */
export function nameFromLocation(location: string): string {
  if (!scheme.test(location)) return baseName(location);
  return decode(baseName(location.replace(/[?#].*$/s, '')));
}

/** Address of a file beside, or with `inside` in, the one at `location`. */
export function relatedLocation(location: string, name: string, inside = false): string {
  const encoded = scheme.test(location) ? name.split('/').map(encodeURIComponent).join('/') : name;
  const base = inside ? `${location.replace(/\/+$/, '')}/` : location.slice(0, location.lastIndexOf('/') + 1);
  return base + encoded;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `basename` of a value: what it says itself, else from path or location. */
export function baseNameOf(value: PathValue): string | undefined {
  const said = textField(value, 'basename');
  if (said !== undefined) return said;
  const path = textField(value, 'path');
  if (path !== undefined) return baseName(path);
  const location = textField(value, 'location');
  return location === undefined || location.startsWith('_:') ? undefined : nameFromLocation(location);
}

/** Sets basename, nameroot, nameext and, where the path is known, dirname, here and in everything the values carry along. */
export function completeNames<T extends Json>(value: T): T {
  return mapPathValues(value, completeOne) as T;
}

function completeOne(value: PathValue): PathValue {
  const basename = baseNameOf(value);
  const path = textField(value, 'path');
  if (isComplete(value, basename, path)) return value;
  const named: JsonObject = { ...value, ...(basename !== undefined && { basename }) };
  if (Array.isArray(value['listing'])) named['listing'] = listingOf(value).map(completeOne);
  if (Array.isArray(value['secondaryFiles'])) named['secondaryFiles'] = secondaryFilesOf(value).map(completeOne);
  if (!isFile(value)) return named as DirectoryValue;
  if (basename !== undefined) Object.assign(named, splitName(basename));
  if (path !== undefined) named['dirname'] = directoryName(path);
  return named as FileValue;
}

/** Steps pass on files by the thousand: those that lack nothing are not copied. */
function isComplete(value: PathValue, basename: string | undefined, path: string | undefined): boolean {
  if (!isFile(value) || basename === undefined || value['listing'] !== undefined || value['secondaryFiles'] !== undefined) return false;
  const { nameroot, nameext } = splitName(basename);
  const hasNames = value['basename'] === basename && value['nameroot'] === nameroot && value['nameext'] === nameext;
  return hasNames && (path === undefined || value['dirname'] === directoryName(path));
}
