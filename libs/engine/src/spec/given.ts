import { expect } from '@jest/globals';
import type { CwlPackage } from '@runnel/cwl';
import { createEngine } from '../engine.ts';
import type { RunState } from '../state.ts';
import type {
  AcceptedRun,
  Advance,
  EngineOptions,
  EvaluationRequest,
  RunCommand,
  RunEngine,
  RunEvent,
  RunFact,
  RunValue,
  RunValues,
  StepJob,
} from '../types.ts';

export const at = '2026-11-21T12:00:00.000Z';
const executor = 'x-1';

/** A command without its time. */
export type Order = RunCommand extends infer Command ? (Command extends RunCommand ? Omit<Command, 'at'> : never) : never;

export const acceptedRun = (inputs: RunValues): AcceptedRun => ({
  run: '01936d2e-7c1a-7000-8000-000000000001',
  workspace: 'demo',
  process: { workspace: 'demo', id: 'wide', version: '1', digest: 'a'.repeat(64) },
  entry: 'main',
  inputs,
  acceptedAt: at,
});

/** A run under test: commands go in, facts come out; every state it passes is reachable by its events alone. */
export interface Play {
  engine: RunEngine;
  state: RunState;
  events: RunEvent[];
  /** Stored chunks by key. */
  objects: Map<string, RunValues[]>;
  advance(order: Order, time?: string): Advance;
  /** Facts that the command led to. */
  when(order: Order): { then(facts: RunFact[]): Play };
  /** Grants up to `count` elements of a node and gives their jobs. */
  grant(node: string, count?: number): StepJob[];
  /** Finishes a step that was granted, its attempt read from the state. */
  finish(step: string, outputs?: RunValues): Play;
  /** Grants and finishes every element of a node; outputs from the job. */
  run(node: string, outputs?: (job: StepJob) => RunValues): Play;
  evaluations(): EvaluationRequest[];
  answer(key: string, value: RunValue): Play;
  /** Outputs announced by the run. */
  outputs(): RunValues | undefined;
}

/** A started run of a package with these inputs. */
export function given(pkg: CwlPackage, inputs: RunValues = {}, options: EngineOptions = {}): Play {
  const play = unstarted(pkg, options);
  play.advance({ type: 'accept-run', accepted: acceptedRun(inputs) });
  play.advance({ type: 'start-run' });
  return play;
}

export function unstarted(pkg: CwlPackage, options: EngineOptions = {}): Play {
  const engine = createEngine(pkg, pkg.main, options);
  const state = engine.initialState();
  const play: Play = {
    engine,
    state,
    events: [],
    objects: new Map(),
    advance(order, time = at) {
      const advance = engine.advance(state, { at: time, ...order });
      play.events.push(...advance.events);
      for (const { key, content } of advance.objects) play.objects.set(key, content);
      return advance;
    },
    when(order) {
      const { events } = play.advance(order);
      return {
        then(facts) {
          expect(events).toEqual(facts.map((fact) => ({ at, ...fact })));
          return play;
        },
      };
    },
    grant(node, count = 1) {
      const { events } = play.advance({ type: 'grant-steps', node, executor, count });
      return events.flatMap((event) => (event.type === 'step.requested' ? engine.stepJob(state, event.data) : []));
    },
    finish(step, outputs = {}) {
      const attempt = state.attempts.get(step)?.attempt ?? 1;
      play.advance({ type: 'finish-step', step, attempt, executor, outcome: 'success', outputs });
      return play;
    },
    run(node, outputs = (job) => ({ out: job.inputs['x'] ?? null })) {
      for (let jobs = play.grant(node, 7); jobs.length > 0; jobs = play.grant(node, 7)) {
        for (const job of jobs) play.finish(job.step, outputs(job));
      }
      return play;
    },
    evaluations: () => engine.outstanding(state).evaluations,
    answer(key, value) {
      play.advance({ type: 'record-evaluation', key, outcome: { value } });
      return play;
    },
    outputs: () => play.events.findLast((event) => event.type === 'run.outputs-ready')?.data.outputs,
  };
  return play;
}
