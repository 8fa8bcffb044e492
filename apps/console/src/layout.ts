/** A graph in layers: every edge goes from one layer to a later one. Pure geometry, in pixels. */
export interface LayoutNode {
  readonly id: string;
  readonly upstream: readonly string[];
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Placed extends Point {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}
export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  /** From the border of one node to that of the other, by way of free places in the layers between. */
  readonly points: readonly Point[];
}
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly Placed[];
  readonly edges: readonly PlacedEdge[];
}

/** `across`: layers stand side by side, the graph reads from left to right; `down`: from top to bottom. */
export type Direction = 'across' | 'down';

const betweenLayers = 56;
const betweenNodes = 20;
const sweeps = 8;

/** A node, or a place in a layer that an edge passes through. */
interface Cell {
  readonly key: string;
  readonly layer: number;
  /** Extent across the layer and along it. */
  readonly deep: number;
  readonly long: number;
  readonly before: string[];
  readonly after: string[];
  /** Where it begins along its layer. */
  at: number;
}

export function layOut(nodes: readonly LayoutNode[], direction: Direction): Layout {
  const cells = cellsOf(nodes, direction);
  const layers = layersOf(cells);
  for (let sweep = 0; sweep < sweeps; sweep += 1) order(layers, cells, sweep % 2 === 0 ? 'before' : 'after');
  place(layers, cells);
  return drawn(nodes, cells, layers, direction);
}

/** Longest way from a node without sources. What names no node, or goes round, is passed over. */
function ranks(nodes: readonly LayoutNode[]): Map<string, number> {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<string, number>();
  const open = new Set<string>();
  const rank = (node: LayoutNode): number => {
    const before = found.get(node.id);
    if (before !== undefined || open.has(node.id)) return before ?? -1;
    open.add(node.id);
    const own = Math.max(-1, ...node.upstream.map((id) => known.get(id)).map((source) => (source ? rank(source) : -1))) + 1;
    found.set(node.id, own);
    return own;
  };
  for (const node of nodes) rank(node);
  return found;
}

function cellsOf(nodes: readonly LayoutNode[], direction: Direction): Map<string, Cell> {
  const rank = ranks(nodes);
  const cells = new Map<string, Cell>();
  for (const { id, width, height } of nodes) {
    const [deep, long] = direction === 'across' ? [width, height] : [height, width];
    cells.set(id, { key: id, layer: rank.get(id) ?? 0, deep, long, before: [], after: [], at: 0 });
  }
  for (const { id, upstream } of nodes) {
    for (const source of new Set(upstream)) {
      const way = wayOf(source, id, rank);
      for (const [index, key] of way.entries()) {
        if (!cells.has(key))
          cells.set(key, { key, layer: (rank.get(source) ?? 0) + index, deep: 0, long: 8, before: [], after: [], at: 0 });
        const previous = way[index - 1];
        if (previous === undefined) continue;
        cells.get(previous)?.after.push(key);
        cells.get(key)?.before.push(previous);
      }
    }
  }
  return cells;
}

/** Keys of the cells from a node to another; none where that is not ahead. */
function wayOf(from: string, to: string, rank: ReadonlyMap<string, number>): string[] {
  const [begin, end] = [rank.get(from), rank.get(to)];
  if (begin === undefined || end === undefined || end <= begin) return [];
  return [from, ...Array.from({ length: end - begin - 1 }, (_, index) => `${from}\n${to}\n${index}`), to];
}

function layersOf(cells: ReadonlyMap<string, Cell>): Cell[][] {
  const layers: Cell[][] = [];
  for (const cell of cells.values()) (layers[cell.layer] ??= []).push(cell);
  return Array.from(layers, (layer) => layer ?? []);
}

/** Each layer by the mean place of the neighbours on one side (barycentre heuristic): fewer edges cross. */
function order(layers: Cell[][], cells: ReadonlyMap<string, Cell>, side: 'before' | 'after'): void {
  for (const layer of side === 'before' ? layers : layers.toReversed()) {
    const places = new Map(layer.map((cell, index) => [cell.key, index]));
    for (const cell of layer) {
      const around = cell[side].map((key) => cells.get(key)?.at ?? 0);
      cell.at = around.length === 0 ? (places.get(cell.key) ?? 0) : around.reduce((sum, at) => sum + at, 0) / around.length;
    }
    layer.sort((a, b) => a.at - b.at || (places.get(a.key) ?? 0) - (places.get(b.key) ?? 0));
    for (const [index, cell] of layer.entries()) cell.at = index;
  }
}

/** Every cell as near to the middle of its neighbours as those beside it allow. */
function place(layers: readonly Cell[][], cells: ReadonlyMap<string, Cell>): void {
  for (const layer of layers) {
    let at = 0;
    for (const cell of layer) {
      cell.at = at;
      at += cell.long + betweenNodes;
    }
  }
  const longest = Math.max(0, ...layers.map(extent));
  for (const layer of layers) {
    const shift = (longest - extent(layer)) / 2;
    for (const cell of layer) cell.at += shift;
  }
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const side = sweep % 2 === 0 ? 'before' : 'after';
    for (const layer of side === 'before' ? layers : layers.toReversed()) settle(layer, cells, side);
  }
  const first = Math.min(0, ...[...cells.values()].map(({ at }) => at));
  for (const cell of cells.values()) cell.at -= first;
}

const extent = (layer: readonly Cell[]): number => {
  const last = layer.at(-1);
  return last ? last.at + last.long - (layer[0]?.at ?? 0) : 0;
};

function settle(layer: readonly Cell[], cells: ReadonlyMap<string, Cell>, side: 'before' | 'after'): void {
  const wishes = layer.map((cell) => {
    const around = cell[side].flatMap((key) => cells.get(key) ?? []).map(middle);
    return around.length === 0 ? cell.at : around.reduce((sum, at) => sum + at, 0) / around.length - cell.long / 2;
  });
  let least = -Infinity;
  for (const [index, cell] of layer.entries()) {
    cell.at = Math.max(least, wishes[index] ?? cell.at);
    least = cell.at + cell.long + betweenNodes;
  }
  // What was pushed away comes back as far as it may.
  const pushed = layer.reduce((sum, cell, index) => sum + cell.at - (wishes[index] ?? cell.at), 0) / Math.max(1, layer.length);
  for (const cell of layer) cell.at -= pushed;
}

const middle = ({ at, long }: Cell): number => at + long / 2;

function drawn(nodes: readonly LayoutNode[], cells: ReadonlyMap<string, Cell>, layers: readonly Cell[][], direction: Direction): Layout {
  const begins: number[] = [];
  let next = 0;
  for (const layer of layers) {
    begins.push(next);
    next += Math.max(0, ...layer.map(({ deep }) => deep)) + betweenLayers;
  }
  const deepest = Math.max(0, next - betweenLayers);
  const longest = Math.max(0, ...[...cells.values()].map(({ at, long }) => at + long));
  const point = (across: number, along: number): Point => (direction === 'across' ? { x: across, y: along } : { x: along, y: across });
  const begin = (cell: Cell): number => begins[cell.layer] ?? 0;
  const rank = new Map([...cells.values()].map((cell) => [cell.key, cell.layer]));
  const pass = (key: string, part: 'first' | 'last' | 'between'): Point[] => {
    const cell = cells.get(key);
    if (!cell) return [];
    if (part === 'first') return [point(begin(cell) + cell.deep, middle(cell))];
    if (part === 'last') return [point(begin(cell), middle(cell))];
    const wide = Math.max(0, ...(layers[cell.layer] ?? []).map(({ deep }) => deep));
    return [point(begin(cell), middle(cell)), point(begin(cell) + wide, middle(cell))];
  };
  return {
    ...(direction === 'across' ? { width: deepest, height: longest } : { width: longest, height: deepest }),
    nodes: nodes.flatMap(({ id, width, height }) => {
      const cell = cells.get(id);
      return cell ? [{ id, width, height, ...point(begin(cell), cell.at) }] : [];
    }),
    edges: nodes.flatMap(({ id, upstream }) =>
      [...new Set(upstream)].flatMap((source) => {
        const way = wayOf(source, id, rank);
        const last = way.length - 1;
        return last < 1
          ? []
          : [
              {
                from: source,
                to: id,
                points: way.flatMap((key, index) => pass(key, index === 0 ? 'first' : index === last ? 'last' : 'between')),
              },
            ];
      }),
    ),
  };
}

/** An SVG path through the points, leaving and reaching each along the direction of the graph. */
export function pathOf(points: readonly Point[], direction: Direction): string {
  const round = (value: number): number => Math.round(value * 10) / 10;
  return points
    .map((to, index) => {
      const from = points[index - 1];
      if (!from) return `M${round(to.x)} ${round(to.y)}`;
      const half = direction === 'across' ? (to.x - from.x) / 2 : (to.y - from.y) / 2;
      const [a, b] =
        direction === 'across'
          ? [
              { x: from.x + half, y: from.y },
              { x: to.x - half, y: to.y },
            ]
          : [
              { x: from.x, y: from.y + half },
              { x: to.x, y: to.y - half },
            ];
      return `C${round(a.x)} ${round(a.y)} ${round(b.x)} ${round(b.y)} ${round(to.x)} ${round(to.y)}`;
    })
    .join('');
}
