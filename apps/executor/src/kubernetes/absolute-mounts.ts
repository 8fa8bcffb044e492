import type { StagingEntry } from '@runnel/cwl';
import { places, type PlacedMount } from '@runnel/kube-pod';
import { isBelow, StepFault } from '@runnel/sandbox';

/** What the container's runtime and our own containers have there. */
const taken = ['/proc', '/sys', '/dev', '/runnel'];

/**
 * What a document puts at absolute places of its container (InitialWorkDirRequirement: an absolute `entryname`) is staged beside the inputs and
 * mounted there: what stands below another such place is staged inside it, in whatever order the document names them. Throws StepFault for places
 * that cannot be had.
 */
export function absoluteMounts(entries: readonly StagingEntry[], outdir: string): PlacedMount[] {
  const mounts: (PlacedMount & { isFile: boolean })[] = [];
  const elsewhere = entries.filter(({ target }) => ![outdir, places.inputs].some((folder) => isBelow(target, folder)));
  for (const { kind, target, writable } of elsewhere.toSorted((a, b) => a.target.length - b.target.length)) {
    refuseTaken(target);
    const outer = mounts.find(({ path }) => isBelow(target, path));
    const isFile = kind === 'file' || kind === 'literal';
    if (outer === undefined) mounts.push({ path: target, name: String(mounts.length), writable, isFile });
    else if (outer.isFile && target !== outer.path)
      throw new StepFault('staging', `${target} cannot be put below ${outer.path}: the document puts a file there`);
    // A folder with something to write in it is mounted so; the other files in it are read-only all the same.
    else outer.writable ||= writable;
  }
  return mounts.map(({ path, name, writable }) => ({ path, name, writable }));
}

function refuseTaken(target: string): void {
  const inTheWay = taken.find((folder) => isBelow(target, folder));
  if (inTheWay !== undefined || target === '/' || target.includes(':') || target.split('/').includes('..'))
    throw new StepFault(
      'staging',
      `${target} is no place where something can be put in a pod (${inTheWay ?? 'an absolute path without ":" and ".."'})`,
    );
}
