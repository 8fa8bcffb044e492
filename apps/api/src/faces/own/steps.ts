import type { NodeStatus, RunEngine, RunState } from '@runnel/engine';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { cursor, cursorOf, limit } from '../../http/query.ts';
import { findReadyNodes } from '../../runs/find-ready-nodes.ts';
import type { ReadyNodeRow } from '../../runs/find-ready-nodes.ts';
import { isFinal, type RunRow } from '../../runs/run-row.ts';
import { findSteps } from '../../runs/find-steps.ts';
import type { StepRow } from '../../runs/find-steps.ts';
import { readState } from '../../runs/read-state.ts';
import { nextPage, runOf } from './runs.ts';
import { waitOf, waitSince } from './waits.ts';
import type { Wait } from './waits.ts';

export const stepQuery = z.object({
  limit: limit(100).describe('at most so many'),
  after: cursor(z.tuple([z.enum(['asked', 'waiting']), z.string().max(1100)])).describe('where the page begins (of next)'),
});

interface StepView {
  readonly step: string;
  readonly attempt: number;
  readonly status: string;
  readonly reason?: string;
  readonly since?: string;
  readonly waitedSeconds?: number;
}

/**
 * Steps of a run: first those that were asked for, by name, from their rows; then those that were not, in the order of the workflow, derived from
 * the state of their nodes: nothing is stored of an element before it is requested (rule 6). Each that waits says why and for how long.
 */
export async function answerSteps(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = stepQuery.parse(request.query);
  const run = await runOf(context, request);
  const [part, after] = query.after ?? ['asked', ''];
  const rows = part === 'asked' ? await findSteps(context.database, run.id, after, query.limit + 1) : [];
  let next = rows.length > query.limit ? cursorOf('asked', rows[query.limit - 1]?.step ?? '') : undefined;
  const asked = rows.slice(0, query.limit);
  const isOpen = !isFinal(run.phase);
  const ready = isOpen ? await findReadyNodes(context.database, run.id) : new Map<string, ReadyNodeRow>();
  const known = next === undefined || asked.some((row) => row.state === 'waiting') ? await readState(context, run) : undefined;
  const steps: StepView[] = asked.map((row) => ({
    ...stepView(row),
    ...(isOpen ? waitOfRow(run, row, ready, known?.engine.elementStatus(known.state, row.step)?.reason) : {}),
  }));
  if (next === undefined && known) {
    const waiting = waitingSteps(known.engine, known.state, part === 'waiting' ? after : undefined);
    for (const step of waiting) {
      if (steps.length === query.limit) {
        next = cursorOf('waiting', steps.at(-1)?.attempt === 0 ? (steps.at(-1)?.step ?? '') : '');
        break;
      }
      const { node, ...view } = step;
      const waits = isOpen && step.status !== 'skipped';
      steps.push(
        waits ? { ...view, ...waitOf(run, view.reason, step.status === 'ready' ? ready.get(node) : undefined, Date.now()) } : view,
      );
    }
  }
  await reply.send({ steps, ...(next === undefined ? {} : { next: nextPage(request, next) }) });
}

interface WaitingStep extends StepView {
  readonly node: string;
}

/** Asked for and not started, or to be tried again. */
function waitOfRow(
  run: RunRow,
  row: StepRow,
  ready: ReadonlyMap<string, ReadyNodeRow>,
  reason: string | undefined,
): Wait | Record<string, never> {
  if (row.state === 'requested') return waitSince(`waits for a slot of the executor ${row.executor ?? ''}`, row.requestedAt, Date.now());
  if (row.state !== 'waiting') return {};
  const node = ready.get(row.step.replace(/\[\d+\]$/, '')) ?? ready.get(row.step);
  return node
    ? waitOf(run, reason, node, Date.now())
    : waitSince(reason ?? 'waits to be tried again', row.finishedAt ?? row.requestedAt, Date.now());
}

/** Elements that have no row: not asked for, or skipped. After a step's name; an empty one means from the beginning. */
function* waitingSteps(engine: RunEngine, state: RunState, after: string | undefined): Generator<WaitingStep> {
  let begun = after === undefined || after === '';
  for (const node of engine.nodeStatuses(state)) {
    const from = begun ? 0 : indexIn(node, after ?? '') + 1;
    if (!begun && from === 0) continue;
    begun = true;
    yield* elementsOf(engine, state, node, from);
  }
}

function* elementsOf(engine: RunEngine, state: RunState, node: NodeStatus, from: number): Generator<WaitingStep> {
  for (let index = from; index < node.total; index += 1) {
    const step = pathOf(engine, state, node, index);
    const element = engine.elementStatus(state, step);
    if (!element) {
      // It has not been reached: the node speaks for all its elements.
      if (index === 0)
        yield {
          node: node.node,
          step: node.node,
          attempt: 0,
          status: node.status,
          ...(node.reason === undefined ? {} : { reason: node.reason }),
        };
      return;
    }
    if (element.status !== 'waiting' && element.status !== 'ready' && element.status !== 'skipped') continue;
    // Waiting again after an attempt: it has a row.
    if (element.attempt !== undefined && element.attempt > 1) continue;
    yield {
      node: node.node,
      step,
      attempt: 0,
      status: element.status,
      ...(element.reason === undefined ? {} : { reason: element.reason }),
    };
  }
}

/** A scattered step of one element is named like the others: `tile[0]`. */
function pathOf(engine: RunEngine, state: RunState, node: NodeStatus, index: number): string {
  const indexed = `${node.node}[${index}]`;
  return engine.elementStatus(state, indexed) ? indexed : node.node;
}

/** Position of a step in its node; -1 where it belongs to another one. */
function indexIn(node: NodeStatus, step: string): number {
  if (step === node.node) return 0;
  if (!step.startsWith(`${node.node}[`)) return -1;
  const index = /^\[(\d+)\]$/.exec(step.slice(node.node.length))?.[1];
  return index === undefined ? -1 : Number(index);
}

export function stepView(row: StepRow): StepView & Record<string, unknown> {
  return {
    step: row.step,
    attempt: row.attempt,
    status: row.state,
    ...(row.executor === null ? {} : { executor: row.executor }),
    requested: row.requestedAt.toISOString(),
    ...(row.startedAt === null ? {} : { started: row.startedAt.toISOString() }),
    ...(row.finishedAt === null ? {} : { finished: row.finishedAt.toISOString() }),
    ...(row.exitCode === null ? {} : { exitCode: row.exitCode }),
    ...(row.reused === null ? {} : { reused: row.reused }),
    ...(row.failure === null ? {} : { failure: row.failure, reason: row.failure.reason }),
  };
}
