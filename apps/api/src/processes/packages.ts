import type { CwlPackage } from '@runnel/cwl';
import { createEngine } from '@runnel/engine';
import type { RunEngine } from '@runnel/engine';
import type { ObjectStore } from '@runnel/objects';
import { readValue } from '@runnel/objects';

/** What a process is pinned to. */
export interface PackagePin {
  /** Of the owner. */
  readonly workspace: string;
  readonly digest: string;
  readonly entry: string;
}

export interface Runnable {
  readonly package: CwlPackage;
  readonly engine: RunEngine;
}

/** Packages of deployed processes; the recently used ones are at hand also when the object store is away. */
export interface Packages {
  get(pin: PackagePin): Promise<Runnable>;
}

/** Packages kept in memory, and the largest that may be read. */
const kept = 100;
const largest = 256 * 1024 * 1024;

export function packageKey(workspace: string, digest: string): string {
  return `${workspace}/packages/${digest}.json`;
}

/** A package never changes: its name is its content's digest. */
export function openPackages(objects: ObjectStore): Packages {
  const known = new Map<string, Promise<Runnable>>();
  const read = async ({ workspace, digest, entry }: PackagePin): Promise<Runnable> => {
    const pkg = (await readValue(objects, packageKey(workspace, digest), largest)) as CwlPackage;
    return { package: pkg, engine: createEngine(pkg, entry) };
  };
  return {
    get(pin) {
      const key = `${pin.workspace}/${pin.digest}/${pin.entry}`;
      const found = known.get(key) ?? read(pin);
      // A fault of the store is not remembered.
      found.catch(() => known.delete(key));
      known.delete(key);
      known.set(key, found);
      const [oldest] = known.keys();
      if (known.size > kept && oldest !== undefined) known.delete(oldest);
      return found;
    },
  };
}
