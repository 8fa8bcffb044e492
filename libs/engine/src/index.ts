export * from './types.ts';
export type { RunState } from './state.ts';
export { createEngine } from './engine.ts';
export { attemptOfLimit, limitKey, retryDelays } from './decide.ts';
export { PlanError } from './plan.ts';
export { SnapshotTooNew } from './snapshot.ts';
export type { ChunksReference, StoredReference } from './values.ts';
export {
  chunks,
  chunkSize,
  chunksOf,
  containsReference,
  isPlain,
  listLength,
  resolveValue,
  resolveValues,
  stored,
  storedOf,
} from './values.ts';
export type { InProcessOptions, InProcessRun, Work } from './drive.ts';
export { createInProcessRun } from './drive.ts';
export type { ComparedStep, PlannedRun } from './unchanged-steps.ts';
export { compareRuns } from './unchanged-steps.ts';
