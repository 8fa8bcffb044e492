/** One thing the garbage collection does, or with `dryRun` would do. */
export interface GarbageItem {
  /** A marked object is deleted a day later, unless something touches it. */
  action: 'mark' | 'delete';
  kind: 'object' | 'attempts' | 'values' | 'logs' | 'results' | 'run';
  /** Key of an object, prefix of a run's objects, or the run itself after its workspace. */
  key: string;
  /** Number of objects, and their bytes. */
  count: number;
  bytes: number;
}

export type OnGarbage = (item: GarbageItem) => void;

export interface GarbageSummary {
  marked: { count: number; bytes: number };
  deleted: { count: number; bytes: number };
}
