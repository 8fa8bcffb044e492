/** One evaluation as it travels to a thread; the context is JSON text, so that nothing of the host is shared. */
export interface ThreadTask {
  id: number;
  kind: 'expression' | 'body';
  source: string;
  /** JSON of `inputs`, `self` and `runtime`. */
  context: string;
  library: string[];
  /** Milliseconds since the epoch. */
  now: number;
  seed: string;
}

/** `value` is JSON text; `reason` says plainly why there is none. */
export type ThreadAnswer = { id: number } & ({ value: string } | { reason: string });

export interface ThreadLimits {
  memoryMiB: number;
  /** CPU seconds for one evaluation, and for loading one library. */
  timeout: number;
}
