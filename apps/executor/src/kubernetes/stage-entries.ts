import type { StagingEntry } from '@runnel/cwl';
import { places, type StageEntry } from '@runnel/kube-pod';
import type { ObjectStore } from '@runnel/objects';
import { isBelow, StepFault } from '@runnel/sandbox';
import { keyOf } from '../steps/object-files.ts';

interface EntryContext {
  store: ObjectStore;
  /** A location is a claim, not a right (rule 14). */
  mayBringIn: (location: string) => boolean;
  /** A path of the tool as our containers see it. */
  onStage: (path: string) => string;
}

/** Files of one directory. */
const mostFiles = 100_000;

/** What the stager does for a staging plan: directories are spelt out, an object that stands at several places is brought once. */
export async function stageEntries(entries: readonly StagingEntry[], context: EntryContext): Promise<StageEntry[]> {
  const staged: StageEntry[] = [];
  const firstOf = new Map<string, string>();
  const bring = (key: string, target: string, writable: boolean): void => {
    // What is mounted elsewhere by itself is no link.
    const alone = isBelow(target, places.absolute);
    const known = alone ? undefined : firstOf.get(key);
    if (known === undefined) {
      if (!writable && !alone) firstOf.set(key, target);
      const sha256 = /\/objects\/([0-9a-f]{64})$/.exec(key)?.[1];
      staged.push({ kind: 'object', key, target, writable, ...(sha256 !== undefined && { sha256 }) });
    } else if (writable) staged.push({ kind: 'copy', target, from: known });
    // The two folders are volumes of their own, between which there are no hard links.
    else staged.push({ kind: isInput(target) === isInput(known) ? 'hardlink' : 'symlink', target, to: known });
  };
  for (const entry of entries) {
    const target = context.onStage(entry.target);
    if (entry.kind === 'literal') staged.push({ kind: 'literal', contents: entry.contents, target, writable: entry.writable });
    else if (entry.kind === 'empty-directory') staged.push({ kind: 'directory', target });
    else if (!context.mayBringIn(entry.source))
      throw new StepFault('staging', `${entry.source} is neither an input of this step nor part of the document`);
    else if (entry.kind === 'file') bring(keyOf(entry.source), target, entry.writable);
    else {
      staged.push({ kind: 'directory', target });
      for (const [name, key] of await filesBelow(context.store, keyOf(entry.source))) bring(key, `${target}/${name}`, entry.writable);
    }
  }
  return staged;
}

const isInput = (target: string): boolean => target.startsWith(`${places.inputs}/`);

async function filesBelow(store: ObjectStore, key: string): Promise<[string, string][]> {
  const prefix = `${key.replace(/\/+$/, '')}/`;
  const found: [string, string][] = [];
  for await (const info of store.list(prefix)) {
    if (found.length >= mostFiles) throw new StepFault('staging', `${prefix} has more than ${mostFiles} files`);
    found.push([info.key.slice(prefix.length), info.key]);
  }
  return found;
}
