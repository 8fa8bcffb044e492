import type { CwlVersion, Json, JsonObject, Requirement } from '@runnel/cwl';
import type { RunState } from './state.ts';

/**
 * A value of a run, in which a reference (`$stored`, `$chunks`: see `values.ts`) may stand for a large value, one element of a stored list, or a
 * gathered array. The engine never looks inside a stored value: it passes the reference on, and whoever needs the value (evaluator, executor,
 * ingester, face) calls `resolveValue`.
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

/** The most that a run, and each attempt at a step of it, may take from its start, in seconds; absent: no limit. */
export interface TimeLimits {
  run?: number;
  step?: number;
}

export interface AcceptedRun {
  run: string;
  /** Where it executes: whose its steps, intermediate files and usage are. */
  workspace: string;
  /** Whose run it is, and where its results go; absent: the same. */
  caller?: string;
  /** Its results must be a STAC catalogue (EODH face); the ingester refuses others. */
  catalogue?: true;
  process: { workspace: string; id: string; version: string; digest: string };
  /** Id of the process in the package to run. */
  entry: string;
  inputs: RunValues;
  /** RFC 3339; `Date` in expressions. */
  acceptedAt: string;
  /** What its caller or its workspace allows it; the installation may allow less. */
  limits?: TimeLimits;
  /** It goes on from another run: object with the results of that one's steps, which are used where the same would be done again. */
  resumes?: { run: string; results: string };
  /** Of the workspace where it executes, as they were at acceptance; absent: nothing in particular. */
  surroundings?: RunSurroundings;
}

/** What a workspace says of the steps of its runs; the engine passes it on. */
export interface RunSurroundings {
  /** Steps that are given secrets, without the places of scattered ones (`mosaic/merge`); '' stands for all. */
  secretSteps?: readonly string[];
  images?: { allow?: readonly string[]; replace?: Readonly<Record<string, string>> };
  nodeSelector?: Readonly<Record<string, string>>;
  tolerations?: readonly Readonly<Record<string, string>>[];
  priorityClass?: string;
}

/** Every command carries the time at which it is decided (RFC 3339, UTC): the engine has no clock. */
export type RunCommand = { at: string } &
  /** With a refusal it is over at once: a face whose clients want a run of inputs that do not fit gives them one that failed. */
  (
    | { type: 'accept-run'; accepted: AcceptedRun; refusal?: FailureInfo }
    | { type: 'start-run' }
    /** Answers one entry of `outstanding().evaluations`. */
    | { type: 'record-evaluation'; key: string; outcome: { value: RunValue } | { failure: FailureInfo } }
    /** The admitter granted `count` more elements of this node to this executor. More than are ready: the rest is ignored. */
    | { type: 'grant-steps'; node: string; executor: string; count: number }
    /** What the node asks for is more than its workspace may ever have: the run fails. */
    | { type: 'refuse-node'; node: string; reason: string }
    | ({ type: 'start-step'; executor: string } & AttemptRef)
    | ({
        type: 'finish-step';
        executor: string;
        outcome: 'success' | 'failed';
        outputs: RunValues;
        failure?: FailureInfo;
        result?: string;
      } & AttemptRef)
    /** The backend cannot start it now: the slot is handed back, the same attempt number + 1 becomes ready again, no failure is counted. */
    | ({ type: 'hand-back-step'; executor: string; reason: string } & AttemptRef)
    /** Its executor is to be empty: the attempt is stopped there, and the next one begins elsewhere; no failure is counted. */
    | ({ type: 'recall-step'; executor: string; reason: string } & AttemptRef)
    /** The executor's lease ended: counts as infrastructure failure. */
    | ({ type: 'lose-step'; executor: string } & AttemptRef)
    | ({ type: 'confirm-stopped'; executor: string } & AttemptRef)
    | { type: 'fire-timer'; kind: TimerKind; key: string }
    /** Without a document: they are values alone, which stand in their row. */
    | { type: 'publish-results'; document?: string }
    | { type: 'refuse-results'; reason: string }
    | { type: 'dismiss-run'; by: string }
  );

/** `retry`: a step's back-off is over (key: step path). `step-limit`: an attempt took too long (key: `{step path}#{attempt}`). */
export type TimerKind = 'retry' | 'run-limit' | 'step-limit' | 'publish-limit';

/**
 * Facts of one run. Small: what can be derived from state and package (job objects, commands) is not in them. `at` is the time of the command
 * that led to the event (RFC 3339): the `time` column of the event's row.
 */
export type RunEvent = { at: string } & RunFact;

export type RunFact =
  | { type: 'run.accepted'; data: AcceptedRun }
  | { type: 'run.started'; data: { window: number; limits?: TimeLimits } }
  | { type: 'expression.evaluated'; data: { key: string; outcome: { value: RunValue } | { failure: FailureInfo } } }
  | { type: 'step.requested'; data: AttemptRef & { executor: string } }
  | { type: 'step.started'; data: AttemptRef & { executor: string } }
  | {
      type: 'step.finished';
      data: AttemptRef & { outcome: 'success' | 'failed'; outputs: RunValues; failure?: FailureInfo; result?: string };
    }
  /** Its executor is asked to stop it; `step.handed-back` follows when it is gone, unless it ends well before. */
  | { type: 'step.recalled'; data: AttemptRef & { reason: string } }
  | { type: 'step.handed-back'; data: AttemptRef & { reason: string } }
  /** A failed attempt will be tried again at `dueAt` (timer `retry`, key = step). */
  | { type: 'step.retry-scheduled'; data: AttemptRef & { dueAt: string; failure: FailureInfo } }
  | { type: 'node.refused'; data: { node: string; reason: string } }
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
  | {
      type: 'run.finished';
      data: { status: 'successful' | 'failed'; message: string; failure?: FailureInfo & { step?: string }; document?: string };
    };

export type RunPhase = 'accepted' | 'running' | 'publishing' | 'successful' | 'failed' | 'dismissed';

/** A workflow-level expression whose value the run waits for. The shell resolves stored values in `context` before it evaluates. */
export interface EvaluationRequest {
  key: string;
  /** The whole CWL template (`$(...)`, `${...}`, text with both). */
  template: string;
  /** Whose escaping rules apply. */
  cwlVersion: CwlVersion;
  /** InlineJavascriptRequirement is in force; where not, the template has parameter references only, to values that must be looked at. */
  javascript: boolean;
  library: string[];
  context: { inputs: RunValues; self: RunValue };
  /** For messages: `steps.tile.when`. */
  path: string;
  /** Seed of Math.random and the value of Date. */
  seed: string;
  acceptedAt: string;
  /** Step inputs with loadContents/loadListing: the shell loads these before it evaluates. */
  load?: { [input: string]: { contents?: boolean; listing?: 'shallow_listing' | 'deep_listing' } };
  /** `self` is the value of this input: once that is loaded, `self` is the loaded one. */
  selfInput?: string;
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
  /** The run's outputs while it is `publishing`: to ask the ingester again. */
  publishing?: RunValues;
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

/** A step of a workflow as it can be drawn. */
export interface GraphNode {
  /** Within its workflow: joined by `/` with those around it, it is the path of a run's node. */
  id: string;
  label?: string;
  class: 'CommandLineTool' | 'ExpressionTool' | 'Workflow' | 'Operation';
  /** Ids of the steps beside it whose outputs it takes. */
  upstream: string[];
  /** Inputs over which it is scattered. */
  scatter?: string[];
  /** It has a `when`. */
  conditional: boolean;
  /** Of one element, where the document says it without expressions. */
  resources: { cores: number; memoryMiB: number };
  /** Of a tool, as the document has it. */
  command?: string[];
  image?: string;
  /** Of a workflow; absent where the graph has too many nodes. */
  nodes?: GraphNode[];
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

/** What one element (or an unscattered step) does, for a face that asks for it by path. */
export interface ElementStatus {
  status: 'waiting' | 'ready' | 'requested' | 'running' | 'stopping' | 'successful' | 'failed' | 'skipped';
  attempt?: number;
  executor?: string;
  reason?: string;
}

/** A stored object the shell writes before it appends the events: 1,000 output objects of neighbouring elements of a scatter. */
export interface ChunkObject {
  key: string;
  content: RunValues[];
}

/** What one command led to. */
export interface Advance {
  /** To append, in this order, in one transaction. Empty: the command was old news. */
  events: RunEvent[];
  /** To write before the events are appended. */
  objects: ChunkObject[];
  /** Evaluations that were not outstanding before. */
  evaluations: EvaluationRequest[];
  /** Nodes whose count of ready elements changed; count 0: none any more. */
  ready: ReadyNode[];
}

export interface EngineOptions {
  /** The most that the installation allows runs which start now. */
  limits?: TimeLimits;
  /** At most this many elements of one scatter are under way at once (rule: max(64, 2 x admitted concurrency), at most 1,000). Default 64. */
  window?: number;
}

/**
 * The engine of one process in one package: pure functions. `evolve` and `advance` take the state over and change it in place (a scatter of
 * 100,000 elements must not be copied per event); `decide`, `react` and all others only read it. A state whose events could not be appended is
 * thrown away and rebuilt from the store.
 */
export interface RunEngine {
  initialState(): RunState;
  /** Direct consequences of a command, `[]` for late, repeated or old news. */
  decide(state: RunState, command: RunCommand): RunEvent[];
  evolve(state: RunState, event: RunEvent): RunState;
  /** What the state itself calls for (gathering, outputs ready, failure, stopped); to be called after `evolve` until it returns `[]`. */
  react(state: RunState): RunEvent[];
  /** decide, evolve and react until nothing more follows. What the shells use. */
  advance(state: RunState, command: RunCommand): Advance;
  outstanding(state: RunState): Outstanding;
  summary(state: RunState): RunSummary;
  /** Nodes of one instance of a subworkflow (`sub[2]`), or of the run itself when no path is given. */
  nodeStatuses(state: RunState, instance?: string): NodeStatus[];
  /** The steps of the workflow, for who draws it; the same for all runs. */
  graph(): GraphNode[];
  /** Undefined for a path that is not a step of this run (or lies in an instance that has ended). */
  elementStatus(state: RunState, step: string): ElementStatus | undefined;
  /** What an outstanding attempt is to do; throws when it is not outstanding. */
  stepJob(state: RunState, ref: AttemptRef): StepJob;
  /** Content of the object that a `scatter.gathered` event names; only before the event is evolved. */
  gatheredChunk(state: RunState, event: RunEvent & { type: 'scatter.gathered' }): RunValues[];
  serialize(state: RunState): Json;
  /** Throws SnapshotTooNew for a snapshot of a newer release. */
  restore(snapshot: Json): RunState;
}

export type { JsonObject };
