import type { SourcePosition } from '../model.ts';

/** Where one map or list of a source document begins, and where each of its keys or items does (offsets into the text). */
interface NodeSource {
  document: SourceText;
  offset: number;
  /** By key or by index written as text. */
  entries: Map<string, number>;
}

/** A source text that turns offsets into lines and columns; lines are only counted once somebody asks. */
export interface SourceText {
  uri: string;
  text: string;
  lineStarts?: number[];
}

/**
 * Remembers where every map and list stands. Scalars have no identity, so a scalar is found through the map or list that holds it. Objects made
 * while loading get a place too: that of the object they were made from (`derive`), or that of one of its fields (`place`).
 */
export interface SourceMap {
  record(node: object, document: SourceText, offset: number, entries: Map<string, number>): void;
  derive<T extends object>(node: T, from: object): T;
  place<T extends object>(node: T, from: object, field: string): T;
  position(node: object, field?: string): SourcePosition | undefined;
  /** The document that the node was written in, against which its references are resolved. */
  uriOf(node: object): string | undefined;
}

export function createSourceMap(): SourceMap {
  const sources = new WeakMap<object, NodeSource>();
  return {
    record: (node, document, offset, entries) => void sources.set(node, { document, offset, entries }),
    derive(node, from) {
      const source = sources.get(from);
      if (source) sources.set(node, source);
      return node;
    },
    place(node, from, field) {
      const source = sources.get(from);
      if (source) sources.set(node, { document: source.document, offset: source.entries.get(field) ?? source.offset, entries: new Map() });
      return node;
    },
    position(node, field) {
      const source = sources.get(node);
      if (!source) return undefined;
      return positionAt(source.document, (field === undefined ? undefined : source.entries.get(field)) ?? source.offset);
    },
    uriOf: (node) => sources.get(node)?.document.uri,
  };
}

/** Line and column (from 1) of an offset. */
export function positionAt(document: SourceText, offset: number): SourcePosition {
  const starts = (document.lineStarts ??= findLineStarts(document.text));
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file: document.uri, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
