import type { CwlPackage } from '@runnel/cwl';
import { createEngine } from '@runnel/engine';
import type { RunEngine, TimeLimits } from '@runnel/engine';
import { readValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import type { RunPin } from '@runnel/postgres';
import { LeastRecentlyUsed } from '../least-recently-used.ts';

/** Bytes of a packed document: deploying accepts less. */
const largestPackage = 64 * 1024 * 1024;
/** Engines kept; a run in memory keeps its own. */
const kept = 200;

export type EngineFor = (pin: RunPin) => Promise<RunEngine>;

/**
 * Finds the engine of a run's pinned process; packages never change, so each is read once. `places`: how many steps all executors together hold
 * at once, which decides the window of runs that start now (rule 6). `limits`: the most that any run is allowed.
 */
export function engines(objects: ObjectStore, places: () => number, limits: TimeLimits): EngineFor {
  const cache = new LeastRecentlyUsed<string, Promise<RunEngine>>(kept);
  return (pin) => {
    const key = `${pin.workspace}/packages/${pin.digest}.json`;
    const window = windowFor(places());
    const name = `${key}#${pin.entry}#${window}`;
    const present = cache.get(name);
    if (present) return present;
    const loading = readValue(objects, key, largestPackage).then((value) =>
      createEngine(value as CwlPackage, pin.entry, { window, limits }),
    );
    cache.set(name, loading);
    // A store that was away for a moment must not be remembered.
    loading.catch(() => cache.delete(name));
    return loading;
  };
}

/** 64 to 1,000 elements: twice the places, rounded up to a power of two so that engines can be shared. */
export function windowFor(places: number): number {
  return Math.min(1000, 2 ** Math.ceil(Math.log2(Math.max(64, 2 * places))));
}
