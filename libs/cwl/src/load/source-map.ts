import type { SourcePosition } from '../model.ts';

/** A source text that turns offsets into lines and columns; lines are only counted once somebody asks. */
export interface SourceText {
  uri: string;
  text: string;
  lineStarts?: number[];
}

/** Where a map or list begins and where each of its keys or items does, as offsets into the text. */
interface NodeSource {
  document: SourceText;
  offset: number;
  /** Of a map; the items of a list are known by their number. */
  keys?: string[];
  entries: number[];
  /** Number of each key, made once somebody asks: few maps have faults. */
  numbers?: Map<string, number>;
}

/** A node that stands where a field of another does. */
interface FieldSource {
  parent: NodeSource;
  field: string;
}

/**
 * Remembers where every map and list stands. Scalars have no identity, so a scalar is found through the map or list that holds it. Objects made
 * while loading get a place too: that of the object they were made from (`derive`), or that of one of its fields (`place`).
 */
export interface SourceMap {
  record(node: object, source: NodeSource): void;
  derive<T extends object>(node: T, from: object): T;
  place<T extends object>(node: T, from: object, field: string): T;
  position(node: object, field?: string): SourcePosition | undefined;
  /** The document that the node was written in, against which its references are resolved. */
  uriOf(node: object): string | undefined;
}

export function createSourceMap(): SourceMap {
  // Dropped as a whole after the load, and a WeakMap of a large document's nodes would cost the garbage collector more than the load itself.
  const sources = new Map<object, NodeSource | FieldSource>();
  return {
    record: (node, source) => void sources.set(node, source),
    derive(node, from) {
      const source = sources.get(from);
      if (source) sources.set(node, source);
      return node;
    },
    place(node, from, field) {
      const source = sources.get(from);
      if (source) sources.set(node, 'parent' in source ? source : { parent: source, field });
      return node;
    },
    position(node, field) {
      const source = sources.get(node);
      if (!source) return undefined;
      if ('parent' in source) return positionAt(source.parent.document, offsetOf(source.parent, source.field));
      return positionAt(source.document, offsetOf(source, field));
    },
    uriOf(node) {
      const source = sources.get(node);
      return source && ('parent' in source ? source.parent : source).document.uri;
    },
  };
}

function offsetOf(source: NodeSource, field: string | undefined): number {
  if (field === undefined) return source.offset;
  if (!source.keys) return source.entries[Number(field)] ?? source.offset;
  source.numbers ??= new Map(source.keys.map((key, number) => [key, number]));
  return source.entries[source.numbers.get(field) ?? -1] ?? source.offset;
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
