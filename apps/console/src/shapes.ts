/** Answers of the API, as far as the console reads them (described at /api/docs). */
export type RunState = 'accepted' | 'running' | 'publishing' | 'successful' | 'failed' | 'dismissed';
export const runStates: readonly RunState[] = ['accepted', 'running', 'publishing', 'successful', 'failed', 'dismissed'];
export const isOver = (state: string): boolean => state === 'successful' || state === 'failed' || state === 'dismissed';

export interface Failure {
  readonly class: string;
  readonly reason: string;
  readonly step?: string;
  readonly exitCode?: number;
}

export interface Run {
  readonly run: string;
  readonly workspace: string;
  readonly executing?: string;
  readonly process: { readonly workspace: string; readonly id: string; readonly version: string };
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: RunState;
  readonly progress: number;
  readonly message: string;
  readonly version: number;
  readonly failure?: Failure;
  readonly attention?: string;
  readonly created: string;
  readonly started?: string;
  readonly finished?: string;
}

export interface NodeState {
  readonly node: string;
  readonly status: string;
  readonly total: number;
  readonly finished: number;
  readonly running: number;
  readonly reason?: string;
  readonly queue?: { readonly since: string; readonly ahead: number };
}
export type RunDetail = Run & { readonly nodes: readonly NodeState[] };

export interface GraphNode {
  readonly id: string;
  readonly label?: string;
  readonly class: string;
  readonly upstream: readonly string[];
  readonly scatter?: readonly string[];
  readonly conditional: boolean;
  readonly resources: { readonly cores: number; readonly memoryMiB: number };
  readonly command?: readonly string[];
  readonly image?: string;
  readonly nodes?: readonly GraphNode[];
}
export interface Graph {
  readonly nodes: readonly GraphNode[];
}

export interface Bar {
  readonly step: string;
  readonly attempt: number;
  readonly status: string;
  readonly requested: string;
  readonly started?: string;
  readonly finished?: string;
}
export interface TimelineNode {
  readonly node: string;
  readonly elements: number;
  readonly requested: number;
  readonly running: number;
  readonly successful: number;
  readonly failed: number;
  readonly waiting: number;
  readonly firstRequested: string;
  readonly firstStarted?: string;
  readonly lastFinished?: string;
  readonly bars?: readonly Bar[];
  readonly levels?: readonly { readonly part: number; readonly staging: number; readonly running: number }[];
}
export interface Timeline {
  readonly from: string;
  readonly to: string;
  readonly parts: number;
  readonly nodes: readonly TimelineNode[];
}

/** JSON Schema as far as descriptions of inputs use it. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly contentMediaType?: string;
}
export interface InputDescription {
  readonly title?: string;
  readonly description?: string;
  readonly minOccurs?: number;
  readonly schema: Schema;
}
export interface ProcessSummary {
  readonly id: string;
  readonly version: string;
  readonly title?: string;
  readonly description?: string;
  readonly mutable: boolean;
}
export interface Process extends ProcessSummary {
  readonly inputs: Readonly<Record<string, InputDescription>>;
  readonly outputs: Readonly<Record<string, { readonly title?: string; readonly description?: string; readonly schema: Schema }>>;
}
