import { InvalidKey } from './errors.ts';

const maxKeyBytes = 1024;
/** Longest file name of the common file systems. */
const maxSegmentBytes = 255;
const controls = /[\u0000-\u001f\u007f-\u009f]/;
const loneSurrogates = /\p{Surrogate}/u;

/** Throws InvalidKey unless the key is relative, `/`-separated, free of `.`, `..`, empty segments and control characters, and short enough. */
export function checkKey(key: string): void {
  const fault = faultOf(key, key.split('/'));
  if (fault) throw new InvalidKey(`${fault}: ${shown(key)}`);
}

/** A prefix is the beginning of a key, so its last segment may be empty or incomplete. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  const fault = faultOf(prefix, last === '' || last === '.' || last === '..' ? segments : [...segments, last]);
  if (fault) throw new InvalidKey(`${fault}: ${shown(prefix)}`);
}

function faultOf(key: string, segments: string[]): string | undefined {
  if (Buffer.byteLength(key) > maxKeyBytes) return `a key may have ${maxKeyBytes} bytes`;
  if (controls.test(key)) return 'a key holds no control characters';
  if (loneSurrogates.test(key)) return 'a key is well-formed Unicode';
  // The names of the adapters' own folders begin with a dot.
  if (key.startsWith('.')) return 'a key does not begin with a dot';
  if (segments.some((segment) => segment === '')) return 'a key has no empty segments';
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'a key has no segments "." or ".."';
  if (segments.some((segment) => Buffer.byteLength(segment) > maxSegmentBytes))
    return `a segment of a key may have ${maxSegmentBytes} bytes`;
  return undefined;
}

function shown(key: string): string {
  return JSON.stringify(key.length > 200 ? `${key.slice(0, 200)}…` : key);
}
