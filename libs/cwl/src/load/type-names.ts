import { fragmentOf, resolveUri, withoutFragment } from './uri.ts';
import type { Raw } from './raw.ts';

/** Named types by the address they are referred to with, over all documents of a package. */
export interface TypeNames {
  add(name: string, uri: string, raw: Raw): void;
  /** The definition that `reference`, written in the document `uri`, names. */
  find(reference: string, uri: string): Raw | undefined;
  names(): string[];
  /** Types written out in place of names so far; bounded, since names may refer to names twice at each level. */
  expanded: number;
  /** That bound was passed and reported. */
  exhausted: boolean;
}

export function createTypeNames(): TypeNames {
  const byAddress = new Map<string, Raw>();
  /** Last part of the name, first in the same document, then anywhere: packed documents and tools differ in how they qualify names. */
  const byShortName = new Map<string, Raw>();
  return {
    expanded: 0,
    exhausted: false,
    add(name, uri, raw) {
      const short = lastPart(name);
      byAddress.set(addressOf(name, uri), raw);
      byAddress.set(`${withoutFragment(uri)}#${short}`, raw);
      byShortName.set(short, raw);
    },
    find(reference, uri) {
      const exact = byAddress.get(addressOf(reference, uri));
      if (exact) return exact;
      const address = withoutFragment(resolveUri(uri, reference.includes('#') ? reference : `#${reference}`));
      return byAddress.get(`${address}#${lastPart(reference)}`) ?? (isLocal(reference) ? byShortName.get(lastPart(reference)) : undefined);
    },
    names: () => [...byShortName.keys()],
  };
}

function isLocal(reference: string): boolean {
  return !reference.includes('#') || reference.startsWith('#');
}

function addressOf(name: string, uri: string): string {
  const absolute = resolveUri(uri, name.includes('#') ? name : `#${name}`);
  return `${withoutFragment(absolute)}#${fragmentOf(absolute) ?? ''}`;
}

function lastPart(name: string): string {
  const local = name.slice(name.lastIndexOf('#') + 1);
  return local.slice(local.lastIndexOf('/') + 1);
}
