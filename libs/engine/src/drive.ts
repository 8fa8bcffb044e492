import type { Json } from '@runnel/cwl';
import { createChunkStore } from './chunk-store.ts';
import type { RunState } from './state.ts';
import type {
  AcceptedRun,
  AttemptRef,
  EvaluationRequest,
  RunCommand,
  RunEngine,
  RunEvent,
  RunSummary,
  RunValues,
  StepJob,
} from './types.ts';

/** What the driver's owner is to do next. Everything in it is news: nothing is handed out twice. */
export interface Work {
  evaluations: EvaluationRequest[];
  /** To be started now; at most `parallel` are out at a time. */
  jobs: StepJob[];
  /** Attempts to stop; each is to be confirmed with `confirm-stopped`. */
  stop: AttemptRef[];
  /** Give `fire-timer` {kind: 'retry', key: step} at `dueAt` (RFC 3339). */
  timers: { step: string; dueAt: string; reason: string }[];
  /** Facts, for a progress line or a log. */
  events: RunEvent[];
}

/** One run in one process, without a store: the owner does the work and tells the outcome as commands. */
export interface InProcessRun {
  /** Accepts and starts the run. */
  start(at: string): Work;
  apply(command: RunCommand): Work;
  /** Starts what has a place now although nothing was told. */
  more(at: string): Work;
  /** The run's outputs once it is publishing: answer with `publish-results` or `refuse-results`. */
  outputs(): RunValues | undefined;
  /** Gathered chunks that `resolveValue` asks for. Rejects where there is none of this key. */
  read(key: string): Promise<Json>;
  /** Costs nothing; the summary looks at every node. */
  phase(): RunSummary['phase'];
  summary(): RunSummary;
}

export interface InProcessOptions {
  accepted: AcceptedRun;
  /** Jobs out at a time. */
  parallel: number;
  /** How many of the attempts that are out need no place any more: their end is known but not told yet. */
  withheld?: () => number;
}

const executor = 'in-process';

/** One run held in memory: grants what is ready up to `parallel` jobs, keeps gathered chunks. Synchronous; the owner brings clock and work. */
export function createInProcessRun(engine: RunEngine, { accepted, parallel, withheld = () => 0 }: InProcessOptions): InProcessRun {
  const state: RunState = engine.initialState();
  const chunks = createChunkStore();
  /** In the order in which they became ready, so that what was ready first starts first. */
  const ready = new Set<string>();

  function take(command: RunCommand, work: Work): void {
    const { phase } = state;
    const advance = engine.advance(state, command);
    for (const { key, content } of advance.objects) chunks.keep(key, content);
    for (const { node, count } of advance.ready) {
      if (count > 0) ready.add(node);
      else ready.delete(node);
    }
    work.events.push(...advance.events);
    work.evaluations.push(...advance.evaluations);
    for (const { type, data } of advance.events) {
      if (type === 'step.requested') work.jobs.push(engine.stepJob(state, data));
      if (type === 'step.retry-scheduled') work.timers.push({ step: data.step, dueAt: data.dueAt, reason: data.failure.reason });
    }
    const stops = phase !== state.phase && (state.phase === 'failed' || state.phase === 'dismissed');
    if (stops) work.stop.push(...[...state.attempts].map(([step, { attempt }]) => ({ step, attempt })));
  }

  function admit(at: string, work: Work): void {
    for (const node of ready) {
      const count = parallel + withheld() - state.attempts.size;
      if (count <= 0) return;
      take({ type: 'grant-steps', node, executor, count, at }, work);
    }
  }

  const noWork = (): Work => ({ evaluations: [], jobs: [], stop: [], timers: [], events: [] });

  function apply(command: RunCommand): Work {
    const work = noWork();
    take(command, work);
    admit(command.at, work);
    return work;
  }

  return {
    start(at) {
      const first = apply({ type: 'accept-run', accepted, at });
      const second = apply({ type: 'start-run', at });
      return { ...second, events: [...first.events, ...second.events] };
    },
    apply,
    more(at) {
      const work = noWork();
      admit(at, work);
      return work;
    },
    outputs: () => engine.outstanding(state).publishing,
    read: async (key) => chunks.read(key),
    phase: () => state.phase,
    summary: () => engine.summary(state),
  };
}
