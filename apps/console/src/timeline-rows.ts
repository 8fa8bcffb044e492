import type { Bar, GraphNode, Timeline, TimelineNode } from './shapes.ts';

/** One bar of a row, as parts of the run's time (0 to 1): the element was staged from `staged`, ran from `started`, ended at `ended`. */
export interface Piece {
  readonly step: string;
  readonly status: string;
  readonly attempt: number;
  readonly staged: number;
  readonly started: number;
  readonly ended: number;
  /** Elements at the same time lie in different lanes. */
  readonly lane: number;
}

export interface Row {
  readonly node: string;
  readonly counts: TimelineNode;
  /** How long the node waited for those before it and for admission: from the end of what it takes from, to the first order. */
  readonly waits?: { readonly from: number; readonly to: number };
  readonly pieces: readonly Piece[];
  readonly lanes: number;
  /** Instead of pieces, where elements are many: how many were staged and ran at a time, as outlines over the run's time, 0 to 1 both ways. */
  readonly outline?: { readonly staging: string; readonly running: string; readonly most: number };
}

/** More elements at the same time share lanes. */
const mostLanes = 8;

/** Rows of a timeline at an instant (milliseconds): what has not ended goes on until then. */
export function timelineRows(timeline: Timeline, graph: readonly GraphNode[], now: number): { rows: Row[]; span: number } {
  const from = Date.parse(timeline.from);
  const end = Math.max(Date.parse(timeline.to), now);
  const span = Math.max(1, end - from);
  const part = (instant: string | undefined, otherwise: number): number =>
    instant === undefined ? otherwise : Math.min(1, Math.max(0, (Date.parse(instant) - from) / span));
  const upstream = upstreamOf(graph);
  // A workflow has ended with the last step within it.
  const endOf = (name: string): number =>
    Math.max(
      0,
      ...timeline.nodes.filter(({ node }) => node === name || node.startsWith(`${name}/`)).map((node) => part(node.lastFinished, 0)),
    );
  const rows = timeline.nodes.map((node): Row => {
    const ready = Math.max(0, ...(upstream.get(node.node) ?? []).map(endOf));
    const first = part(node.firstRequested, 1);
    const pieces = inLanes((node.bars ?? []).map((bar) => pieceOf(bar, part)));
    // The server's time ended when it answered.
    const scale = (Date.parse(timeline.to) - from) / span;
    return {
      node: node.node,
      counts: node,
      ...(first - ready > 0.002 ? { waits: { from: ready, to: first } } : {}),
      pieces,
      lanes: Math.max(1, ...pieces.map(({ lane }) => lane + 1)),
      ...(node.levels ? { outline: outlineOf(node.levels, timeline.parts, scale) } : {}),
    };
  });
  return { rows, span };
}

/** Paths of nodes and of those they take from, also within workflows: there the first ones wait for what their workflow waits for. */
function upstreamOf(graph: readonly GraphNode[], path = '', above: readonly string[] = []): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { id, upstream, nodes } of graph) {
    const own = upstream.length === 0 ? above : upstream.map((name) => path + name);
    found.set(path + id, own);
    for (const [inner, names] of upstreamOf(nodes ?? [], `${path}${id}/`, own)) found.set(inner, names);
  }
  return found;
}

function pieceOf(
  { step, status, attempt, requested, started, finished }: Bar,
  part: (instant: string | undefined, otherwise: number) => number,
): Omit<Piece, 'lane'> {
  const staged = part(requested, 0);
  const ended = part(finished, 1);
  return { step, status, attempt, staged, started: part(started, ended), ended: Math.max(staged, ended) };
}

/** Each piece in the first lane that is free; where all are taken, in the one that gets free first. */
function inLanes(pieces: readonly Omit<Piece, 'lane'>[]): Piece[] {
  const free: number[] = [];
  return pieces.map((piece) => {
    let lane = free.findIndex((until) => until <= piece.staged);
    if (lane === -1) lane = free.length < mostLanes ? free.length : free.indexOf(Math.min(...free));
    free[lane] = Math.max(free[lane] ?? 0, piece.ended);
    return { ...piece, lane };
  });
}

/** Steps as SVG paths in a box of 1 by 1; the running ones stand below the staged ones. */
function outlineOf(levels: NonNullable<TimelineNode['levels']>, parts: number, scale: number): NonNullable<Row['outline']> {
  const most = Math.max(1, ...levels.map(({ staging, running }) => staging + running));
  const line = (height: (level: { staging: number; running: number }) => number): string => {
    const points = levels.map((level, index) => {
      const [x, next] = [level.part, levels[index + 1]?.part ?? parts].map((one) => Math.min(1, (one / parts) * scale));
      const y = 1 - height(level) / most;
      return `V${short(y)}H${short(next ?? 1)}`.replace(/^/, index === 0 ? `M${short(x ?? 0)} 1` : '');
    });
    return points.length === 0 ? '' : `${points.join('')}V1Z`;
  };
  return { staging: line(({ staging, running }) => staging + running), running: line(({ running }) => running), most };
}

const short = (value: number): number => Math.round(value * 10_000) / 10_000;
