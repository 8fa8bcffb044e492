import type { AcceptedRun, FailureInfo, RunPhase, RunValues, TimeLimits } from './types.ts';

/**
 * What the engine knows of a run. Shells may read version, phase, accepted and stopped; all else goes through the engine's functions. Everything
 * but `changes` is in the snapshot.
 */
export interface RunState {
  /** Events applied so far. */
  version: number;
  /** `accepted` also before the first event: `accepted` below tells. */
  phase: RunPhase;
  /** Time of the last event. */
  at: string;
  accepted?: AcceptedRun;
  /** At most this many elements of one scatter are under way at once; fixed when the run starts, so that replaying gives the same. */
  window: number;
  /** How long it and its steps may take; fixed when the run starts. */
  limits?: TimeLimits;
  root?: InstanceState;
  /** Pending evaluations by key. */
  evaluations: Map<string, EvaluationTarget>;
  /** Attempts asked for and not ended, by step path. */
  attempts: Map<string, AttemptState>;
  /** Paths of nodes with elements that may start. */
  readyNodes: Set<string>;
  /** Chunks whose elements have all ended and whose outputs still stand in the state. */
  gatherable: { node: string; chunk: number }[];
  /** Outputs of the run, from the last step's end until they are announced. */
  outputs?: RunValues;
  /** The first thing that went wrong; nothing new is started once it is set. */
  fault?: { failure: FailureInfo; step?: string };
  finished?: { message: string; document?: string };
  stopped: boolean;
  /** What the last events touched, for the shell; not part of the snapshot. */
  changes: { evaluations: Set<string>; nodes: Set<string> };
}

export interface AttemptState {
  attempt: number;
  executor: string;
  state: 'requested' | 'started' | 'stopping';
  since: string;
  /** Why it was recalled: when it is gone, the next attempt begins. */
  recalled?: string;
}

/** Where the answer to an evaluation belongs. `instance` and `node` are paths; the root instance is `''`. */
export type EvaluationTarget =
  | { kind: 'input'; instance: string; name: string }
  | { kind: 'output'; instance: string; name: string }
  | { kind: 'source'; node: string; name: string }
  | { kind: 'value'; step: string; name: string }
  | { kind: 'when'; step: string };

/** One workflow under way: the run itself, or one element of a step that runs a subworkflow. */
export interface InstanceState {
  phase: 'inputs' | 'running' | 'outputs';
  inputs: RunValues;
  /** Answers to evaluations of inputs and outputs, by name. */
  inputAnswers: RunValues;
  outputAnswers: RunValues;
  /** Evaluations of this phase that are not answered. */
  asking: number;
  nodes: Map<string, NodeState>;
  /** Nodes that have not ended. */
  left: number;
}

/** One step of an instance with all its elements (one where it is not scattered). */
export interface NodeState {
  phase: 'waiting' | 'linking' | 'active' | 'ended';
  /** Steps it depends on that have not ended. */
  waitingFor: number;
  /** Answers about its sources, by input. */
  answers: RunValues;
  asking: number;
  /** Linked inputs before scatter and valueFrom, while active; derived again from a snapshot. */
  sources: RunValues;
  /** Empty where it is not scattered. */
  shape: number[];
  total: number;
  /**
   * First element that is not under way yet. Elements start in order, so the ended ones are those below `next` that are not in `elements`: the
   * bitmap of ended elements needs no bits.
   */
  next: number;
  ended: number;
  /** One bit per skipped element; empty until one is. */
  skipped: Uint8Array;
  skippedCount: number;
  /** Elements under way, at most the window. */
  elements: Map<number, ElementState>;
  /** Of these, the ones that may be requested. */
  ready: Set<number>;
  readySince: string;
  /** Outputs not yet gathered, by chunk. */
  chunks: Map<number, ChunkState>;
  /** Addresses of gathered chunks; '' while not gathered. */
  keys: string[];
  outputs?: RunValues;
}

export interface ChunkState {
  /** By place in the chunk; null for elements that were skipped or have not ended. */
  outputs: (RunValues | null)[];
  ended: number;
}

export interface ElementState {
  /** `values` and `when`: an evaluation is awaited; `running`: an attempt is outstanding; `instance`: a subworkflow is under way. */
  stage: 'values' | 'when' | 'ready' | 'running' | 'retry' | 'instance';
  /** Recorded values of inputs with valueFrom or loadContents. */
  answers: RunValues;
  asking: number;
  /** The current attempt, or the next one. */
  attempt: number;
  /** Attempts that count as failures. */
  failures: number;
  dueAt?: string;
  /** Why it waits. */
  reason?: string;
  instance?: InstanceState;
}

export const initialState = (): RunState => ({
  version: 0,
  phase: 'accepted',
  at: '',
  window: 0,
  evaluations: new Map(),
  attempts: new Map(),
  readyNodes: new Set(),
  gatherable: [],
  stopped: false,
  changes: { evaluations: new Set(), nodes: new Set() },
});
