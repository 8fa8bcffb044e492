import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { defineOwn, SyntaxFault } from './parse-json.ts';
import { textWeight } from './weight.ts';
import type { SourceMap, SourceText } from './source-map.ts';

/** A value with the number of nodes it stands for; `open` while its own content is still being read. */
interface Anchor {
  value: unknown;
  weight: number;
  open: boolean;
}

/**
 * Parses one YAML document (1.2 core schema, and `<<` merge keys as common tools allow them) into plain values and records where every key stands.
 * Aliases share the value of their anchor instead of copying it; `nodes` bounds what they would expand to. Throws SyntaxFault.
 */
export function parseYaml(document: SourceText, map: SourceMap, limits: { depth: number; nodes: number }): unknown {
  const parsed = parseDocument(document.text, { prettyErrors: false, keepSourceTokens: false, uniqueKeys: false, logLevel: 'silent' });
  const [error] = parsed.errors;
  // The parser recurses, and says so as of any other fault when that overflows its stack.
  if (error?.message.includes('call stack')) throw new SyntaxFault(`nested deeper than ${limits.depth} levels`, error.pos[0], 'limit');
  if (error) throw new SyntaxFault(error.message, error.pos[0]);

  const anchors = new Map<string, Anchor>();
  let weight = 0;

  const addWeight = (nodes: number, offset: number) => {
    weight += nodes;
    if (weight > limits.nodes) throw new SyntaxFault(`more than ${limits.nodes} values, counting each alias in full`, offset, 'limit');
  };

  const convert = (node: Node | null, depth: number): unknown => {
    if (!node) return null;
    const offset = node.range?.[0] ?? 0;
    if (depth > limits.depth) throw new SyntaxFault(`nested deeper than ${limits.depth} levels`, offset, 'limit');
    if (isAlias(node)) return resolveAlias(node.source, offset);
    addWeight(1, offset);
    const anchor: Anchor = { value: undefined, weight, open: true };
    const name = 'anchor' in node ? node.anchor : undefined;
    if (name) anchors.set(name, anchor);
    anchor.value = convertContent(node, offset, depth);
    anchor.weight = weight - anchor.weight + 1;
    anchor.open = false;
    return anchor.value;
  };

  const convertContent = (node: Node, offset: number, depth: number): unknown => {
    if (isMap(node)) return convertMap(node as YAMLMap<Node, Node | null>, offset, depth);
    if (isSeq(node)) return convertSeq(node as YAMLSeq<Node | null>, offset, depth);
    if (!isScalar(node)) return null;
    if (typeof node.value === 'string') addWeight(textWeight(node.value), offset);
    return node.value;
  };

  const resolveAlias = (name: string, offset: number): unknown => {
    const anchor = anchors.get(name);
    if (!anchor) throw new SyntaxFault(`the alias *${name} has no anchor before it`, offset);
    if (anchor.open) throw new SyntaxFault(`the alias *${name} stands inside of its own anchor`, offset);
    addWeight(anchor.weight, offset);
    return anchor.value;
  };

  const convertSeq = (node: YAMLSeq<Node | null>, offset: number, depth: number): unknown[] => {
    const entries = node.items.map((item) => item?.range?.[0] ?? offset);
    const value = node.items.map((item) => convert(item, depth + 1));
    map.record(value, { document, offset, entries });
    return value;
  };

  const convertMap = (node: YAMLMap<Node, Node | null>, offset: number, depth: number): Record<string, unknown> => {
    const keys: string[] = [];
    const entries: number[] = [];
    const value: Record<string, unknown> = {};
    const merged: [unknown, number][] = [];
    for (const pair of node.items) {
      const start = pair.key.range?.[0] ?? offset;
      const key = keyOf(pair.key, start);
      const item = convert(pair.value, depth + 1);
      if (key === '<<' && item !== null && typeof item === 'object') {
        merged.push([item, start]);
      } else {
        if (Object.hasOwn(value, key)) throw new SyntaxFault(`the key "${key}" is given twice`, start);
        keys.push(key);
        entries.push(start);
        defineOwn(value, key, item);
      }
    }
    for (const [item, start] of merged) {
      for (const [key, inherited] of [item].flat().flatMap((one) => Object.entries(one ?? {}) as [string, unknown][])) {
        if (Object.hasOwn(value, key)) continue;
        keys.push(key);
        entries.push(start);
        defineOwn(value, key, inherited);
      }
    }
    map.record(value, { document, offset, keys, entries });
    return value;
  };

  const keyOf = (node: Node, offset: number): string => {
    const key = isAlias(node) ? resolveAlias(node.source, offset) : isScalar(node) ? node.value : undefined;
    if (typeof key === 'string') return key;
    if (typeof key === 'number' || typeof key === 'boolean' || key === null) return String(key);
    throw new SyntaxFault('expected a plain text as key, found a map or list', offset);
  };

  return convert(parsed.contents, 0);
}
