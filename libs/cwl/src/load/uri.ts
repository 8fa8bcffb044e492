/** A scheme is only believed where `//` follows or it is one that has no authority: `colon:test.cwl` is a file name. */
const ABSOLUTE = /^(?:[a-z][a-z0-9+.-]*:\/\/|(?:urn|data|file|mailto):)/i;

export function isAbsoluteUri(text: string): boolean {
  return ABSOLUTE.test(text);
}

/** Resolves a URI reference against an absolute base (RFC 3986 §5.2 for hierarchical URIs). Characters that no URI may hold are encoded. */
export function resolveUri(base: string, reference: string): string {
  if (isAbsoluteUri(reference)) return encodeIllegal(reference);
  const root = withoutFragment(base);
  if (reference === '') return root;
  if (reference.startsWith('#')) return root + encodeIllegal(reference);
  const encoded = encodeIllegal(reference);
  const [, origin = '', path = ''] = /^([a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?)([^?#]*)/i.exec(root) ?? [];
  if (encoded.startsWith('//')) return origin.slice(0, origin.indexOf(':') + 1) + encoded;
  const [, relative = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(encoded) ?? [];
  if (relative === '') return origin + path + rest;
  const joined = relative.startsWith('/') ? relative : (path.slice(0, path.lastIndexOf('/') + 1) || '/') + relative;
  return origin + withoutDots(joined) + rest;
}

/** The location of a file named by a plain path: unlike in a URI, `#`, `?` and `%` are ordinary characters. */
export function resolvePath(base: string, path: string): string {
  return isAbsoluteUri(path) ? path : resolveUri(base, encodePath(path));
}

function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

export function withoutFragment(uri: string): string {
  const hash = uri.indexOf('#');
  return hash < 0 ? uri : uri.slice(0, hash);
}

/** What follows the first `#`, percent-decoded; undefined where there is none. */
export function fragmentOf(uri: string): string | undefined {
  const hash = uri.indexOf('#');
  return hash < 0 ? undefined : decode(uri.slice(hash + 1));
}

/** Last segment of the path, percent-decoded: `tool.cwl`. */
export function fileNameOf(uri: string): string {
  const path = withoutFragment(uri).replace(/\?.*$/, '').replace(/\/+$/, '');
  return decode(path.slice(path.lastIndexOf('/') + 1));
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(wellFormed(segment)).replace(/%(?:3A|40|2C|2B|3D|24|26|3B)/g, (code) => decodeURIComponent(code));
}

/** Half a surrogate pair cannot be encoded. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

function encodeIllegal(text: string): string {
  return wellFormed(text).replace(/[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+/g, encodeURIComponent);
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '..') {
      if (kept.length > 1) kept.pop();
      if (last) kept.push('');
    } else if (segment === '.') {
      if (last) kept.push('');
    } else {
      kept.push(segment);
    }
  });
  return kept.join('/');
}
