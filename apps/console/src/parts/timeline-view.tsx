import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { duration, marks } from '../format.ts';
import type { GraphNode, Timeline } from '../shapes.ts';
import { timelineRows } from '../timeline-rows.ts';
import type { Row } from '../timeline-rows.ts';

interface TimelineProps {
  readonly timeline: Timeline;
  readonly graph: readonly GraphNode[];
  readonly now: number;
  readonly selected: string | undefined;
  readonly onSelect: (node: string, step?: string) => void;
}

const percent = (part: number): string => `${(part * 100).toFixed(3)}%`;

/** When each step waited, was staged and ran. */
export function TimelineView({ timeline, graph, now, selected, onSelect }: TimelineProps): JSX.Element {
  const { rows, span } = useMemo(() => timelineRows(timeline, graph, now), [timeline, graph, now]);
  return (
    <div class="timeline">
      <div class="scale" aria-hidden="true">
        {marks(span, 6).map((mark) => (
          <span key={mark} style={{ left: percent(mark / span) }}>
            {mark === 0 ? '0' : duration(mark)}
          </span>
        ))}
      </div>
      {rows.map((row) => (
        <div class={`row ${selected === row.node ? 'selected' : ''}`} key={row.node}>
          <button type="button" class="plain name" onClick={() => onSelect(row.node)} title={row.node}>
            {row.node}
            {row.counts.elements > 1 && <small>{` × ${row.counts.elements}`}</small>}
          </button>
          <Track row={row} span={span} onSelect={onSelect} />
        </div>
      ))}
      <p class="legend">
        <span class="waits" /> waits for its turn <span class="stages" /> staged by the executor <span class="runs" /> runs
      </p>
    </div>
  );
}

function Track({ row, span, onSelect }: { row: Row; span: number; onSelect: TimelineProps['onSelect'] }): JSX.Element {
  const height = row.outline ? 40 : Math.max(18, row.lanes * 8 + 2);
  const each = row.outline ? 0 : (height - 2) / row.lanes;
  return (
    <div class="track" style={{ height: `${height}px` }}>
      {row.waits && (
        <span class="waits" title="waits" style={{ left: percent(row.waits.from), width: percent(row.waits.to - row.waits.from) }} />
      )}
      {row.outline && (
        <svg
          viewBox="0 0 1 1"
          preserveAspectRatio="none"
          role="img"
          aria-label={`${row.counts.elements} elements, at most ${row.outline.most} at a time`}
        >
          <path class="stages" d={row.outline.staging} />
          <path class="runs" d={row.outline.running} />
        </svg>
      )}
      {row.outline && <small class="most">{`${row.outline.most} at a time`}</small>}
      {row.pieces.map(({ step, status, attempt, staged, started, ended, lane }) => (
        <button
          type="button"
          key={step}
          class={`piece ${status}`}
          aria-label={`${step}, ${status}, ${duration((ended - started) * span)}`}
          title={`${step}${attempt > 1 ? ` (attempt ${attempt})` : ''}: ${status}; staged ${duration((started - staged) * span)}, ran ${duration((ended - started) * span)}`}
          style={{
            left: percent(staged),
            width: percent(Math.max(0.002, ended - staged)),
            top: `${lane * each + 1}px`,
            height: `${Math.max(4, each - 2)}px`,
          }}
          onClick={() => onSelect(row.node, step)}
        >
          <span style={{ left: percent(ended > staged ? (started - staged) / (ended - staged) : 0) }} />
        </button>
      ))}
    </div>
  );
}
