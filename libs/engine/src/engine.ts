import type { CwlPackage } from '@runnel/cwl';
import { decide } from './decide.ts';
import type { StartOptions } from './decide.ts';
import { evolve } from './evolve.ts';
import { graphOf } from './graph.ts';
import { evaluationsOf, outstanding, readyNodesOf } from './outstanding.ts';
import type { Plan } from './plan.ts';
import { planOf } from './plan.ts';
import { gatheredChunk, react } from './react.ts';
import { restore, serialize } from './snapshot.ts';
import type { RunState } from './state.ts';
import { initialState } from './state.ts';
import { stepJob } from './step-job.ts';
import { elementStatus, nodeStatuses, summary } from './summary.ts';
import type { Advance, EngineOptions, RunCommand, RunEngine, RunEvent } from './types.ts';

const defaultWindow = 64;

/** The engine for runs of process `entry` of a package. Throws PlanError where the package cannot be run. */
export function createEngine(pkg: CwlPackage, entry: string, { window = defaultWindow, limits }: EngineOptions = {}): RunEngine {
  const plan = planOf(pkg, entry);
  const start = { window, ...(limits && { limits }) };
  return {
    initialState,
    decide: (state, command) => decide(plan, start, state, command),
    evolve: (state, event) => evolve(plan, state, event),
    react,
    advance: (state, command) => advance(plan, start, state, command),
    outstanding: (state) => outstanding(plan, state),
    summary: (state) => summary(plan, state),
    nodeStatuses: (state, instance) => nodeStatuses(plan, state, instance),
    graph: () => graphOf(plan),
    elementStatus: (state, step) => elementStatus(plan, state, step),
    stepJob: (state, ref) => stepJob(plan, state, ref),
    gatheredChunk: (state, event) => gatheredChunk(plan, state, event),
    serialize,
    restore: (snapshot) => restore(plan, snapshot),
  };
}

function advance(plan: Plan, start: StartOptions, run: RunState, command: RunCommand): Advance {
  const result: Advance = { events: [], objects: [], evaluations: [], ready: [] };
  // New sets: V8 chains the tables of one that is cleared, and where an old one waits for a full collection all later ones wait with it.
  const changes = (run.changes = { evaluations: new Set(), nodes: new Set() });
  let events = decide(plan, start, run, command);
  if (events.length === 0) events = react(run);
  while (events.length > 0) {
    for (const event of events) applyOne(plan, run, event, result);
    events = react(run);
  }
  result.evaluations = evaluationsOf(plan, run, changes.evaluations);
  result.ready = readyNodesOf(plan, run, changes.nodes);
  return result;
}

function applyOne(plan: Plan, run: RunState, event: RunEvent, result: Advance): void {
  if (event.type === 'scatter.gathered') result.objects.push({ key: event.data.key, content: gatheredChunk(plan, run, event) });
  evolve(plan, run, event);
  result.events.push(event);
}
