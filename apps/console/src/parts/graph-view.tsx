import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { layOut, pathOf } from '../layout.ts';
import type { Direction, Layout } from '../layout.ts';
import type { Shown } from '../node-states.ts';
import type { GraphNode } from '../shapes.ts';

interface GraphProps {
  readonly graph: readonly GraphNode[];
  /** By path; absent for a workflow that does not run. */
  readonly states?: ReadonlyMap<string, Shown>;
  readonly selected?: string | undefined;
  readonly onSelect?: (path: string) => void;
}

const size = { width: 184, height: 58 };
const inset = { top: 34, side: 14 };
/** Narrower than this the graph goes downwards. */
const narrow = 640;

/** The workflow as a graph, coloured by state. Workflows within it open on request. */
export function GraphView(props: GraphProps): JSX.Element {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(narrow);
  const direction: Direction = room < narrow ? 'down' : 'across';
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => setRoom(entry?.contentRect.width ?? narrow));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const drawing = useMemo(() => draw(props.graph, '', open, direction), [props.graph, open, direction]);
  const toggle = (path: string): void =>
    setOpen((before) => (before.has(path) ? new Set([...before].filter((one) => one !== path)) : new Set([...before, path])));
  const { width, height } = drawing.layout;
  return (
    <div class={`graph ${direction === 'down' || width < room * 1.35 ? 'fitted' : ''}`} ref={box}>
      <svg
        width={width + 8}
        height={height + 8}
        viewBox={`-4 -4 ${width + 8} ${height + 8}`}
        role="group"
        aria-label="Graph of the workflow"
      >
        <Level drawing={drawing} direction={direction} toggle={toggle} {...props} />
      </svg>
    </div>
  );
}

/** A workflow laid out, with those within it that are open. */
interface Drawing {
  readonly path: string;
  readonly layout: Layout;
  readonly nodes: ReadonlyMap<string, { readonly node: GraphNode; readonly inner?: Drawing }>;
}

function draw(graph: readonly GraphNode[], path: string, open: ReadonlySet<string>, direction: Direction): Drawing {
  const nodes = new Map(
    graph.map((node) => {
      const own = path + node.id;
      const inner = node.nodes && open.has(own) ? draw(node.nodes, `${own}/`, open, direction) : undefined;
      return [node.id, { node, ...(inner ? { inner } : {}) }] as const;
    }),
  );
  const boxes = [...nodes.values()].map(({ node: { id, upstream }, inner }) => ({
    id,
    upstream,
    ...(inner
      ? { width: Math.max(size.width, inner.layout.width + 2 * inset.side), height: inner.layout.height + inset.top + inset.side }
      : size),
  }));
  return { path, layout: layOut(boxes, direction), nodes };
}

interface LevelProps extends GraphProps {
  readonly drawing: Drawing;
  readonly direction: Direction;
  readonly toggle: (path: string) => void;
}

function Level(props: LevelProps): JSX.Element {
  const { drawing, direction, states } = props;
  return (
    <>
      {drawing.layout.edges.map(({ from, to, points }) => (
        <path class={`edge ${states?.get(drawing.path + from)?.status ?? ''}`} key={`${from} ${to}`} d={pathOf(points, direction)} />
      ))}
      {drawing.layout.nodes.map(({ id, ...place }) => {
        const known = drawing.nodes.get(id);
        return known && <Node key={id} {...props} {...known} place={place} path={drawing.path + id} />;
      })}
    </>
  );
}

interface NodeProps extends LevelProps {
  readonly node: GraphNode;
  readonly inner?: Drawing;
  readonly path: string;
  readonly place: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

function Node({ node, inner, path, place, ...props }: NodeProps): JSX.Element {
  const shown = props.states?.get(path);
  const many = node.scatter !== undefined || (shown?.total ?? 1) > 1;
  const count = shown && many && shown.status !== 'waiting' ? `${shown.done} / ${shown.total}` : many ? '× n' : '';
  const name = `${path}${shown ? `, ${shown.status}` : ''}${count === '' ? '' : `, ${count}`}${shown?.reason === undefined ? '' : `, ${shown.reason}`}`;
  const select = (): void => props.onSelect?.(path);
  return (
    <g
      class={`node ${shown?.status ?? 'plain'} ${props.selected === path ? 'selected' : ''}`}
      transform={`translate(${place.x} ${place.y})`}
    >
      <title>{shown?.reason ?? node.label ?? path}</title>
      {many && <rect class="behind" x={4} y={4} width={place.width} height={place.height} rx={9} />}
      <rect
        class="box"
        width={place.width}
        height={place.height}
        rx={9}
        role="button"
        tabIndex={0}
        aria-label={name}
        aria-pressed={props.selected === path}
        onClick={select}
        onKeyDown={(event) => (event.key === 'Enter' || event.key === ' ') && (event.preventDefault(), select())}
      />
      <rect class="mark" x={0} y={10} width={4} height={(inner ? inset.top : place.height) - 20} rx={2} />
      <text class="name" x={15} y={24}>
        {cut(node.id, node.nodes ? 17 : 21)}
      </text>
      {!inner && count.length < 12 && (
        <text class="about" x={15} y={43}>
          {cut(shown?.status ?? node.label ?? kinds[node.class] ?? node.class, count === '' ? 27 : 14)}
        </text>
      )}
      {!inner && count !== '' && (
        <text class="count" x={place.width - 12} y={43} text-anchor="end">
          {count}
        </text>
      )}
      {!inner && many && shown && shown.total > 0 && (
        <>
          <rect class="bar" x={15} y={49} width={place.width - 27} height={3} rx={1.5} />
          <rect class="bar done" x={15} y={49} width={((place.width - 27) * shown.done) / shown.total} height={3} rx={1.5} />
        </>
      )}
      {node.conditional && (
        <text class="about" x={place.width - (node.nodes ? 46 : 12)} y={24} text-anchor="end">
          if
        </text>
      )}
      {node.nodes && (
        <g
          class="opener"
          role="button"
          tabIndex={0}
          aria-expanded={inner !== undefined}
          aria-label={`${inner ? 'Close' : 'Open'} the workflow ${path}`}
          transform={`translate(${place.width - 34} 8)`}
          onClick={() => props.toggle(path)}
          onKeyDown={(event) => (event.key === 'Enter' || event.key === ' ') && (event.preventDefault(), props.toggle(path))}
        >
          <rect width={24} height={20} rx={5} />
          <text x={12} y={15} text-anchor="middle">
            {inner ? '−' : '+'}
          </text>
        </g>
      )}
      {inner && (
        <g transform={`translate(${(place.width - inner.layout.width) / 2} ${inset.top})`}>
          <Level {...props} drawing={inner} />
        </g>
      )}
    </g>
  );
}

const kinds: Readonly<Record<string, string>> = { CommandLineTool: 'tool', ExpressionTool: 'expression', Workflow: 'workflow' };

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
