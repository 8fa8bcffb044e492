import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ago } from '../format.ts';
import type { Shown } from '../node-states.ts';
import type { GraphNode, NodeState, TimelineNode } from '../shapes.ts';
import { State } from './basics.tsx';
import { LogView } from './log-view.tsx';

interface PanelProps {
  readonly run: string;
  readonly over: boolean;
  readonly node: string;
  readonly step: string | undefined;
  readonly graphNode: GraphNode | undefined;
  readonly shown: Shown | undefined;
  readonly times: TimelineNode | undefined;
  readonly onStep: (step: string) => void;
  readonly onClose: () => void;
}

/** What is known of a chosen step: why it waits, what it runs, the log of one of its elements. */
export function StepPanel({ run, over, node, step, graphNode, shown, times, onStep, onClose }: PanelProps): JSX.Element {
  const bars = times?.bars ?? [];
  const scattered = (shown?.total ?? 1) > 1 || graphNode?.scatter !== undefined || (times?.elements ?? 1) > 1;
  // Where there is one element, it is the one that is meant.
  const chosen =
    step ??
    bars.find(({ status }) => status === 'failed')?.step ??
    bars.findLast(({ status }) => status === 'running')?.step ??
    bars.at(-1)?.step ??
    (scattered ? `${node}[0]` : node);
  const isTool = graphNode?.class !== 'Workflow';
  return (
    <section class="card step" aria-label={`Step ${node}`}>
      <header>
        <h2>{node}</h2>
        {shown && <State of={shown.status} />}
        <button type="button" class="link" onClick={onClose}>
          Close
        </button>
      </header>
      {graphNode?.label !== undefined && <p>{graphNode.label}</p>}
      {shown?.reason !== undefined && <p class="reason">{shown.reason}</p>}
      <p class="facts">
        {graphNode?.command && graphNode.command.length > 0 && <code>{graphNode.command.join(' ')}</code>}
        {graphNode?.image !== undefined && <span class="label">{graphNode.image}</span>}
        {graphNode && isTool && (
          <span class="dim">{`${graphNode.resources.cores} ${graphNode.resources.cores === 1 ? 'core' : 'cores'}, ${graphNode.resources.memoryMiB} MiB`}</span>
        )}
      </p>
      {isTool && scattered && <Elements node={node} chosen={chosen} times={times} total={shown?.total} onStep={onStep} />}
      {isTool && times && <LogView key={chosen} run={run} step={chosen} follow={!over} />}
      {isTool && !times && <p class="empty">It has not been started: there is no log.</p>}
    </section>
  );
}

/** Few elements as marks; of many one is chosen by its path. */
function Elements({
  node,
  chosen,
  times,
  total,
  onStep,
}: Pick<PanelProps, 'node' | 'times' | 'onStep'> & { chosen: string; total: number | undefined }): JSX.Element {
  const [path, setPath] = useState(chosen);
  if (times?.bars)
    return (
      <p class="elements" role="group" aria-label="Elements">
        {times.bars
          .toSorted((a, b) => a.step.localeCompare(b.step, undefined, { numeric: true }))
          .map((bar) => (
            <button
              type="button"
              key={bar.step}
              class={`element ${bar.status}`}
              aria-pressed={bar.step === chosen}
              title={`${bar.step}: ${bar.status}`}
              onClick={() => onStep(bar.step)}
            >
              {bar.step.slice(bar.step.indexOf('['))}
            </button>
          ))}
      </p>
    );
  return (
    <form class="filters" onSubmit={(event) => (event.preventDefault(), onStep(path.trim()))}>
      <label>
        {`Element of ${total ?? times?.elements ?? ''} `}
        <input value={path} placeholder={`${node}[0]`} onInput={(event) => setPath(event.currentTarget.value)} />
      </label>
      <button type="submit">Show its log</button>
      {times && (
        <span class="dim">{`${times.successful} successful, ${times.running} running, ${times.requested} staged, ${times.failed} failed`}</span>
      )}
    </form>
  );
}

interface TableProps {
  readonly nodes: readonly NodeState[];
  readonly over: boolean;
  readonly selected: string | undefined;
  readonly onSelect: (node: string) => void;
  readonly now: number;
}

/** Every step with why it waits. */
export function StepTable({ nodes, over, selected, onSelect, now }: TableProps): JSX.Element {
  return (
    <table class="steps">
      <thead>
        <tr>
          <th>Step</th>
          <th>State</th>
          <th class="number">Done</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map(({ node, status, total, finished, reason, queue }) => (
          <tr key={node} class={selected === node ? 'selected' : ''}>
            <td>
              <button type="button" class="link" onClick={() => onSelect(node)}>
                {node}
              </button>
              {reason !== undefined && status !== 'failed' && <small>{reason}</small>}
              {queue && !over && (
                <small>{`in the queue since ${ago(now - Date.parse(queue.since))}, ${queue.ahead} steps of the workspace before it`}</small>
              )}
            </td>
            <td>
              <State of={status} />
            </td>
            <td class="number">{`${finished} / ${total}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
