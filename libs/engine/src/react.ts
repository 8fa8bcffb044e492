import { isOver } from './decide.ts';
import { findNode } from './places.ts';
import type { Plan } from './plan.ts';
import type { RunState } from './state.ts';
import type { RunEvent, RunFact, RunValues } from './types.ts';

/** What the state itself calls for. Only reads the state; called again after its events were evolved, until nothing is left. */
export function react(run: RunState): RunEvent[] {
  return facts(run).map((fact) => ({ at: run.at, ...fact }));
}

function facts(run: RunState): RunFact[] {
  if (!run.accepted) return [];
  if (isOver(run)) return run.phase !== 'successful' && !run.stopped && run.attempts.size === 0 ? [{ type: 'run.stopped', data: {} }] : [];
  if (run.fault) return [failed(run.fault)];
  if (run.phase !== 'running') return [];
  if (run.gatherable.length > 0)
    return run.gatherable.map((chunk) => ({ type: 'scatter.gathered', data: { ...chunk, key: chunkKey(run, chunk) } }));
  return run.outputs ? [{ type: 'run.outputs-ready', data: { outputs: run.outputs } }] : [];
}

function failed({ failure, step }: NonNullable<RunState['fault']>): RunFact {
  const message = step === undefined ? failure.reason : `${step}: ${failure.reason}`;
  return { type: 'run.finished', data: { status: 'failed', message, failure: { ...failure, ...(step !== undefined && { step }) } } };
}

/** `{workspace}/values/{run}/{node}/{chunk}.json`: derived, so that writing it twice is writing it once. */
function chunkKey({ accepted }: RunState, { node, chunk }: { node: string; chunk: number }): string {
  return `${accepted?.workspace}/values/${accepted?.run}/${node}/${chunk}.json`;
}

/** Output objects of a complete chunk, in order; those of skipped elements are null throughout. */
export function gatheredChunk(plan: Plan, run: RunState, { data }: RunEvent & { type: 'scatter.gathered' }): RunValues[] {
  const node = findNode(plan, run, data.node);
  const chunk = node?.state.chunks.get(data.chunk);
  if (!node || !chunk) throw new Error(`chunk ${data.chunk} of ${data.node} is not in the state`);
  const nothing = Object.fromEntries(node.plan.step.out.map((id) => [id, null]));
  return chunk.outputs.map((outputs) => outputs ?? nothing);
}
