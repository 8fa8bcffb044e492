import { isOver } from './decide.ts';
import { isSkipped } from './nodes.ts';
import type { NodePlace } from './places.ts';
import { elementPlace, findElement, findInstance, innerPlace, nodePlace } from './places.ts';
import type { InstancePlace } from './places.ts';
import type { Plan } from './plan.ts';
import type { ElementState, RunState } from './state.ts';
import type { ElementStatus, NodeStatus, RunSummary } from './types.ts';

/** What faces show. Lists the nodes of the run and of subworkflows that are not scattered; `nodeStatuses` gives those of one element. */
export function summary(plan: Plan, run: RunState): RunSummary {
  const nodes = nodeStatuses(plan, run);
  const failure = run.fault && { ...run.fault.failure, ...(run.fault.step !== undefined && { step: run.fault.step }) };
  return {
    phase: run.phase,
    progress: progressOf(plan, run),
    message: messageOf(run, nodes),
    version: run.version,
    ...(failure && run.phase === 'failed' && { failure }),
    nodes,
  };
}

function messageOf(run: RunState, nodes: NodeStatus[]): string {
  if (run.finished) return run.finished.message;
  if (run.phase === 'accepted') return 'waits to be started';
  if (run.phase === 'publishing') return 'publishing the results';
  const done = nodes.filter(({ status }) => status === 'successful' || status === 'skipped').length;
  return `${done} of ${nodes.length} steps done`;
}

/** Mean over the run's steps of how much of each has ended, so that it never goes back when the width of a scatter becomes known. */
function progressOf(plan: Plan, run: RunState): number {
  if (run.phase === 'successful') return 100;
  const root = findInstance(plan, run, '');
  return root ? Math.min(99, Math.floor(100 * fractionOf(root))) : 0;
}

function fractionOf(place: InstancePlace): number {
  const parts = nodesOf(place).map(({ state, ...node }) => {
    if (state.phase === 'ended') return 1;
    const inner = state.shape.length === 0 ? innerPlace(elementPlace({ state, ...node }, 0)) : undefined;
    return inner ? fractionOf(inner) : state.phase === 'active' ? state.ended / state.total : 0;
  });
  return parts.length === 0 ? 1 : parts.reduce((sum, part) => sum + part, 0) / parts.length;
}

function nodesOf(place: InstancePlace): NodePlace[] {
  return [...place.plan.nodes.keys()].flatMap((id) => nodePlace(place, id) ?? []);
}

export function nodeStatuses(plan: Plan, run: RunState, instance = ''): NodeStatus[] {
  const place = findInstance(plan, run, instance);
  if (!place) return instance === '' ? [...plan.nodes.keys()].map(notStarted) : [];
  return statusesOf(run, place);
}

const notStarted = (node: string): NodeStatus => ({
  node,
  status: 'waiting',
  total: 1,
  finished: 0,
  running: 0,
  reason: 'the run has not started',
});

function statusesOf(run: RunState, place: InstancePlace): NodeStatus[] {
  return nodesOf(place).flatMap((node) => {
    const inner = node.state.shape.length === 0 ? innerPlace(elementPlace(node, 0)) : undefined;
    return [nodeStatus(run, node), ...(inner ? statusesOf(run, inner) : [])];
  });
}

function nodeStatus(run: RunState, node: NodePlace): NodeStatus {
  const { state, path } = node;
  const stages = tally(node);
  const running = isOver(run) ? attemptsIn(run, path) : stages.running.length + stages.instance.length;
  const status = statusOf(run, node, running);
  const reason = status === 'failed' ? run.fault?.failure.reason : reasonOf(run, node, stages);
  return { node: path, status, total: state.total, finished: state.ended, running, ...(reason && { reason }) };
}

function statusOf(run: RunState, { state, path }: NodePlace, running: number): NodeStatus['status'] {
  if (run.fault?.step !== undefined && liesIn(run.fault.step, path)) return 'failed';
  if (state.phase === 'ended') return state.total > 0 && state.skippedCount === state.total ? 'skipped' : 'successful';
  if (running > 0) return 'running';
  return run.phase === 'running' && state.ready.size > 0 ? 'ready' : 'waiting';
}

const liesIn = (step: string, path: string): boolean => step === path || step.startsWith(`${path}[`) || step.startsWith(`${path}/`);

/** What still runs of a node once the run is over: stopping is not stopped. */
const attemptsIn = (run: RunState, path: string): number => [...run.attempts.keys()].filter((step) => liesIn(step, path)).length;

type Stages = { [stage in ElementState['stage']]: ElementState[] };

function tally({ state }: NodePlace): Stages {
  const stages: Stages = { values: [], when: [], ready: [], running: [], retry: [], instance: [] };
  for (const element of state.elements.values()) stages[element.stage].push(element);
  return stages;
}

/** Why a node, or a part of its elements, is not running. */
function reasonOf(run: RunState, { state, plan, instance }: NodePlace, stages: Stages): string | undefined {
  if (state.phase === 'ended') return undefined;
  if (isOver(run)) return `the run was ${run.phase === 'dismissed' ? 'dismissed' : 'ended'} before it ended`;
  if (state.phase === 'waiting') {
    return `waits for ${plan.upstream.filter((id) => instance.state.nodes.get(id)?.phase !== 'ended').join(', ') || 'the inputs of the workflow'}`;
  }
  if (state.phase === 'linking') return 'waits for an expression over its sources';
  const asked = stages.values.length + stages.when.length;
  const counted: [number, string][] = [
    [stages.retry.length, `${stages.retry.length > 1 ? 'wait' : 'waits'} to be tried again ${retryText(stages.retry)}`],
    [stages.ready.length, `${stages.ready.length > 1 ? 'wait' : 'waits'} for a slot${readyText(stages.ready)}`],
    [asked, `${asked > 1 ? 'wait' : 'waits'} for an expression`],
    [state.total - state.next, `not yet in the window of ${run.window}`],
  ];
  const parts = counted.filter(([count]) => count > 0).map(([count, text]) => (state.total === 1 ? text : `${count} ${text}`));
  return parts.length > 0 ? parts.join('; ') : undefined;
}

function retryText(elements: ElementState[]): string {
  const first = elements.reduce<ElementState | undefined>(
    (early, next) => ((early?.dueAt ?? '~') <= (next.dueAt ?? '~') ? early : next),
    undefined,
  );
  return `at ${first?.dueAt ?? 'a later time'} (${first?.reason ?? ''})`;
}

function readyText(elements: ElementState[]): string {
  const reason = elements.find((element) => element.reason !== undefined)?.reason;
  return reason === undefined ? '' : ` (${reason})`;
}

export function elementStatus(plan: Plan, run: RunState, step: string): ElementStatus | undefined {
  const element = findElement(plan, run, step);
  if (!element) return undefined;
  const { node, index, state } = element;
  if (run.fault?.step === step) return { status: 'failed', reason: run.fault.failure.reason };
  if (!state && index < node.state.next) return { status: isSkipped(node.state, index) ? 'skipped' : 'successful' };
  const held = run.attempts.get(step);
  if (held) return { status: held.state === 'started' ? 'running' : held.state, attempt: held.attempt, executor: held.executor };
  if (state?.stage === 'instance' && (!isOver(run) || attemptsIn(run, step) > 0)) return { status: 'running' };
  const reason = state ? elementReason(run, state) : reasonOf(run, node, tally(node));
  const status = state?.stage === 'ready' && run.phase === 'running' ? 'ready' : 'waiting';
  return { status, ...(state && { attempt: state.attempt }), ...(reason && { reason }) };
}

function elementReason(run: RunState, { stage, dueAt, reason }: ElementState): string {
  if (isOver(run)) return 'the run is over';
  if (stage === 'retry') return `waits to be tried again at ${dueAt} (${reason})`;
  if (stage === 'ready') return reason === undefined ? 'waits for a slot' : `waits for a slot (${reason})`;
  return 'waits for an expression';
}
