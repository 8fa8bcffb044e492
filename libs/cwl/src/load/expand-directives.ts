import type { Documents, Reference } from './documents.ts';
import { indexNames, type NameIndex } from './find-by-name.ts';
import { defineOwn } from './parse-json.ts';
import { describeValue, isRaw, type Raw } from './raw.ts';
import type { Report } from './report.ts';
import type { SourceMap } from './source-map.ts';
import { fragmentOf, resolveUri, withoutFragment } from './uri.ts';
import { weigh } from './weight.ts';

interface Expansion {
  documents: Documents;
  sources: SourceMap;
  report: Report;
  /** Documents being expanded, outermost first: one that comes again imports itself. */
  chain: readonly string[];
  path: string;
  maxDepth: number;
  budget: Budget;
}

/** What all imports of a package may add to it: one large document imported a thousand times is a trap like that of YAML's aliases. */
export interface Budget {
  spend(value: unknown): boolean;
  readonly limit: number;
}

export function createBudget(limit: number): Budget {
  const weights = new Map<object, number>();
  let left = limit;
  return {
    limit,
    spend(value) {
      left -= weigh(value, weights);
      return left >= 0;
    },
  };
}

/** Documents without a directive, nearly all, are spared the walk. */
export function hasDirectives(text: string): boolean {
  return text.includes('$import') || text.includes('$include') || text.includes('$mixin');
}

/**
 * Replaces `$import`, `$include` and `$mixin` (Semantic Annotations for Linked Avro Data, §3.5-3.7) inside a parsed document, in place. What is
 * imported keeps its own place and address, so its references stay relative to the document it comes from. A directive that fails leaves nothing in
 * its place, so that its fault is not reported twice.
 */
export async function expandDirectives(root: unknown, uri: string, expansion: Expansion): Promise<unknown> {
  const finished = new Map<object, unknown>();
  const indexes = new Map<unknown, NameIndex>();
  const findByName = (document: unknown, name: string): unknown => {
    const index = indexes.get(document) ?? indexNames(document);
    indexes.set(document, index);
    return index.get(name);
  };

  const expand = async (value: unknown, around: readonly object[]): Promise<unknown> => {
    if (typeof value !== 'object' || value === null) return value;
    if (finished.has(value)) return finished.get(value);
    if (around.includes(value)) {
      fault(value, 'what is imported contains this import');
      return undefined;
    }
    if (around.length > expansion.maxDepth) {
      expansion.report.error(expansion.path, expansion.sources.position(value), `imports nest deeper than ${expansion.maxDepth} levels`, {
        code: 'limit-exceeded',
      });
      return undefined;
    }
    const inside = [...around, value];
    const result = Array.isArray(value)
      ? await expandList(value as unknown[], inside)
      : await expandMap(value as Record<string, unknown>, inside);
    finished.set(value, result);
    return result;
  };

  const expandList = async (list: unknown[], around: readonly object[]): Promise<unknown> => {
    const items: unknown[] = [];
    for (const item of list) {
      const expanded = await expand(item, around);
      // An imported list inside of a list contributes its items.
      const spliced = isRaw(item) && '$import' in item && Array.isArray(expanded) ? (expanded as unknown[]) : [expanded];
      for (const one of spliced) if (one !== undefined) items.push(one);
    }
    list.length = 0;
    for (const item of items) list.push(item);
    return list;
  };

  const expandMap = async (map: Record<string, unknown>, around: readonly object[]): Promise<unknown> => {
    if ('$import' in map) return resolve(map, '$import', around);
    if ('$include' in map) {
      const address = addressIn(map, '$include');
      return address === undefined ? undefined : afford(map, await expansion.documents.text(address, referenceFrom(map, '$include')));
    }
    if ('$mixin' in map) return mix(map, around);
    for (const [key, value] of Object.entries(map)) {
      if (typeof value !== 'object' || value === null) continue;
      const expanded = await expand(value, around);
      if (expanded === undefined) delete map[key];
      else map[key] = expanded;
    }
    return map;
  };

  const mix = async (map: Raw, around: readonly object[]): Promise<unknown> => {
    const base = await resolve(map, '$mixin', around, true);
    if (!isRaw(base)) return base;
    const mixed: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(base)) defineOwn(mixed, key, value);
    for (const [key, value] of Object.entries(map)) if (key !== '$mixin') defineOwn(mixed, key, await expand(value, around));
    return expansion.sources.derive(mixed, map);
  };

  const resolve = async (map: Raw, directive: string, around: readonly object[], othersAllowed = false): Promise<unknown> => {
    if (!othersAllowed && Object.keys(map).length > 1) fault(map, `${directive} stands alone in its map`);
    const address = addressIn(map, directive);
    if (address === undefined) return undefined;
    const fragment = fragmentOf(address);
    const document = withoutFragment(address);
    if (document !== withoutFragment(uri) && expansion.chain.includes(document)) {
      fault(map, `${document} imports itself`);
      return undefined;
    }
    const local = document === withoutFragment(uri);
    const loaded = local ? { root } : await expansion.documents.load(document, referenceFrom(map, directive));
    if (!loaded) return undefined;
    const named = fragment !== undefined && fragment !== '';
    const found = named ? findByName(loaded.root, fragment) : loaded.root;
    // A document that is nothing has said why: it could not be read, or imports itself.
    if (found === undefined && named) fault(map, `${document} holds nothing with the id or name "${fragment}"`);
    return afford(map, local ? await expand(found, around) : found);
  };

  const afford = (map: Raw, value: unknown): unknown => {
    if (expansion.budget.spend(value)) return value;
    const message = `imports add more than ${expansion.budget.limit} values`;
    expansion.report.error(expansion.path, expansion.sources.position(map), message, { code: 'limit-exceeded' });
    return undefined;
  };

  const addressIn = (map: Raw, directive: string): string | undefined => {
    const reference = map[directive];
    if (typeof reference === 'string') return resolveUri(expansion.sources.uriOf(map) ?? uri, reference);
    fault(map, `expected an address as ${directive}, found ${describeValue(reference)}`);
    return undefined;
  };

  const referenceFrom = (map: Raw, directive: string): Reference => ({
    path: expansion.path,
    position: expansion.sources.position(map, directive),
    chain: expansion.chain,
  });

  const fault = (node: object, message: string): void => expansion.report.error(expansion.path, expansion.sources.position(node), message);

  return expand(root, []);
}
