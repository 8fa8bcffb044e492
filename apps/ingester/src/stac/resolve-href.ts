export type Target =
  | { kind: 'file'; path: string }
  /** An address elsewhere. */
  | { kind: 'external'; href: string }
  | { kind: 'fault'; reason: string };

/** What a link of the document at `path` (both in one output directory, `/`-separated) leads to. */
export function resolveHref(path: string, href: string): Target {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) {
    return /^file:/i.test(href)
      ? { kind: 'fault', reason: `${href} names a file of the machine it was made on` }
      : { kind: 'external', href };
  }
  if (href.startsWith('/')) return { kind: 'fault', reason: `${href} is an absolute path; it must be relative` };
  const decoded = decode(href.split(/[?#]/)[0] ?? '');
  if (decoded === undefined) return { kind: 'fault', reason: `${href} is not a valid address` };
  const segments = path.split('/').slice(0, -1);
  for (const segment of decoded.split('/')) {
    if (segment === '..') {
      if (segments.length === 0) return { kind: 'fault', reason: `${href} leads out of the output directory` };
      segments.pop();
    } else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return { kind: 'file', path: segments.join('/') };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
