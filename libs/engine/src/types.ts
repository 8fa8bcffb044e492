import type { Json, JsonObject, Requirement } from '@runnel/cwl';

/**
 * A value of a run, in which `{$stored: {key, index?}}` may stand for a large value or for one element of a stored list. The engine never looks
 * inside a stored value: it passes the reference on, and whoever needs the value (evaluator, executor, face) reads the object.
 */
export type RunValue = Json;
export type RunValues = { [name: string]: RunValue };

/** What a failed attempt or evaluation says; shape of `Failure` in libs/contracts. */
export interface FailureInfo {
  class: string;
  reason: string;
  exitCode?: number;
  signal?: string;
  logTail?: string;
}

export interface AttemptRef {
  /** `tile`, `tile[3]`, `tile[3][0]`, in subworkflows `mosaic/merge`, `sub[2]/merge[1]`. */
  step: string;
  /** From 1. */
  attempt: number;
}

export interface AcceptedRun {
  run: string;
  workspace: string;
  process: { workspace: string; id: string; version: string; digest: string };
  /** Id of the process in the package to run. */
  entry: string;
  inputs: RunValues;
  /** RFC 3339; `Date` in expressions. */
  acceptedAt: string;
}

/** Every command carries the time at which it is decided (RFC 3339, UTC): the engine has no clock. */
export type RunCommand = { at: string } & (
  | { type: 'accept-run'; accepted: AcceptedRun }
  | { type: 'start-run' }
  /** Answers one entry of `outstanding().evaluations`. */
  | { type: 'record-evaluation'; key: string; outcome: { value: RunValue } | { failure: FailureInfo } }
  /** The admitter granted `count` more elements of this node to this executor. More than are ready: the rest is ignored. */
  | { type: 'grant-steps'; node: string; executor: string; count: number }
  | ({ type: 'start-step'; executor: string } & AttemptRef)
  | ({ type: 'finish-step'; executor: string; outcome: 'success' | 'failed'; outputs: RunValues; failure?: FailureInfo; result?: string } & AttemptRef)
  /** The backend cannot start it now: the slot is handed back, the same attempt number + 1 becomes ready again, no failure is counted. */
  | ({ type: 'hand-back-step'; executor: string; reason: string } & AttemptRef)
  /** The executor's lease ended: counts as infrastructure failure. */
  | ({ type: 'lose-step'; executor: string } & AttemptRef)
  | ({ type: 'confirm-stopped'; executor: string } & AttemptRef)
  | { type: 'fire-timer'; kind: TimerKind; key: string }
  | { type: 'publish-results'; document: string }
  | { type: 'refuse-results'; reason: string }
  | { type: 'dismiss-run'; by: string }
);

/** `retry`: a step's back-off is over (key: step path). */
export type TimerKind = 'retry' | 'run-limit' | 'publish-limit';

/** Facts of one run. Small: what can be derived from state and package (job objects, commands) is not in them. */
export type RunEvent =
  | { type: 'run.accepted'; data: AcceptedRun }
  | { type: 'run.started'; data: Record<string, never> }
  | { type: 'expression.evaluated'; data: { key: string; outcome: { value: RunValue } | { failure: FailureInfo } } }
  | { type: 'step.requested'; data: AttemptRef & { executor: string } }
  | { type: 'step.started'; data: AttemptRef & { executor: string } }
  | { type: 'step.finished'; data: AttemptRef & { outcome: 'success' | 'failed'; outputs: RunValues; failure?: FailureInfo; result?: string } }
  | { type: 'step.handed-back'; data: AttemptRef & { reason: string } }
  /** A failed attempt will be tried again at `dueAt` (timer `retry`, key = step). */
  | { type: 'step.retry-scheduled'; data: AttemptRef & { dueAt: string; failure: FailureInfo } }
  | { type: 'timer.fired'; data: { kind: TimerKind; key: string } }
  | { type: 'step.stopped'; data: AttemptRef }
  /**
   * 1,000 neighbouring elements of a scatter have all ended: their outputs were stored under `key` as a list of output objects and leave the
   * state. The shell writes that object (content: `gatheredChunk()`) before it appends this event.
   */
  | { type: 'scatter.gathered'; data: { node: string; chunk: number; key: string } }
  | { type: 'run.outputs-ready'; data: { outputs: RunValues } }
  | { type: 'run.dismissed'; data: { by: string } }
  /** Every attempt is confirmed gone after dismissal or failure. */
  | { type: 'run.stopped'; data: Record<string, never> }
  | { type: 'run.finished'; data: { status: 'successful' | 'failed'; message: string; failure?: FailureInfo & { step?: string }; document?: string } };

export type RunPhase = 'accepted' | 'running' | 'publishing' | 'successful' | 'failed' | 'dismissed';

/** A workflow-level expression whose value the run waits for. The shell resolves stored values in `context` before it evaluates. */
export interface EvaluationRequest {
  key: string;
  /** The whole CWL template (`$(...)`, `${...}`, text with both). */
  template: string;
  library: string[];
  context: { inputs: RunValues; self: RunValue };
  /** For messages: `steps.tile.when`. */
  path: string;
  /** Seed of Math.random and the value of Date. */
  seed: string;
  acceptedAt: string;
  /** Step inputs with loadContents/loadListing: the shell loads these before it evaluates. */
  load?: { [input: string]: { contents?: boolean; listing?: 'shallow_listing' | 'deep_listing' } };
}

/** A node with elements that may start now. Projected to the table `ready_nodes` for the admitter. */
export interface ReadyNode {
  /** Step path without the last scatter index: `sub[2]/merge`. */
  node: string;
  /** Elements that wait for a grant (at most the window W). */
  count: number;
  /** Per element; what ResourceRequirement says without expressions, else the defaults of the specification (1 core, 256 MiB). */
  resources: { cores: number; memoryMiB: number };
  since: string;
}

/** What carries out one attempt; becomes the message `step.requested`. */
export interface StepJob extends AttemptRef {
  process: { digest: string; id: string };
  inputs: RunValues;
  requirements: Requirement[];
  hints: Requirement[];
  acceptedAt: string;
}

export interface Outstanding {
  evaluations: EvaluationRequest[];
  /** Attempts asked for and not ended, with the executor that has them. */
  attempts: (AttemptRef & { executor: string; state: 'requested' | 'started' | 'stopping'; since: string })[];
  ready: ReadyNode[];
}

/** Everything a face shows of a node without asking each element. */
export interface NodeStatus {
  node: string;
  status: 'waiting' | 'ready' | 'running' | 'successful' | 'failed' | 'skipped';
  /** 1 where it is not scattered. */
  total: number;
  finished: number;
  running: number;
  reason?: string;
}

export interface RunSummary {
  phase: RunPhase;
  /** 0-100. */
  progress: number;
  message: string;
  version: number;
  failure?: FailureInfo & { step?: string };
  nodes: NodeStatus[];
}

export type { JsonObject };
