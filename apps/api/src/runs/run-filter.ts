import type { RunStatus } from '@runnel/contracts';

/** Place of a run in the list. */
export interface Position {
  readonly createdAt: string;
  readonly id: string;
}

export interface RunFilter {
  readonly workspace: string;
  readonly phases?: readonly RunStatus[] | undefined;
  readonly processes?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  /** In what people remember of a run: process, name, values of labels; or the beginning of its id. Case does not matter. */
  readonly text?: string | undefined;
  /** All of these. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Accepted at or after this instant, and before or at that one (RFC 3339). */
  readonly createdFrom?: string | undefined;
  readonly createdTo?: string | undefined;
  /** Seconds from start to end, or until now; runs that have not started drop out. */
  readonly minDuration?: number | undefined;
  readonly maxDuration?: number | undefined;
  /** Where the page before ended. */
  readonly after?: Position | undefined;
  /** Where the page behind begins: the ones just before that, in the same order. */
  readonly before?: Position | undefined;
  readonly limit: number;
  /** Those of others that execute in the workspace, instead of its own. */
  readonly executing?: boolean;
  /** Oldest first; `after` is then the place of a newer one. */
  readonly ascending?: boolean;
  /** So many of the newest are passed over. */
  readonly skip?: number;
}
