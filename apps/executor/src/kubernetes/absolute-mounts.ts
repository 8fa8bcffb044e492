import type { StagingEntry } from '@runnel/cwl';
import { places, type PlacedMount } from '@runnel/kube-pod';
import { isBelow, StepFault } from '@runnel/sandbox';

/** What the container's runtime and our own containers have there. */
const taken = ['/proc', '/sys', '/dev', '/runnel'];

/**
 * What a document puts at absolute places of its container (InitialWorkDirRequirement: an absolute `entryname`) is staged beside the inputs and
 * mounted there. Throws StepFault for places that cannot be had.
 */
export function absoluteMounts(entries: readonly StagingEntry[], outdir: string): PlacedMount[] {
  const mounts: PlacedMount[] = [];
  for (const { target, writable } of entries) {
    if ([outdir, places.inputs, ...mounts.map(({ path }) => path)].some((folder) => isBelow(target, folder))) continue;
    const inTheWay = taken.find((folder) => isBelow(target, folder));
    if (inTheWay !== undefined || target === '/' || target.includes(':') || target.split('/').includes('..'))
      throw new StepFault(
        'staging',
        `${target} is no place where something can be put in a pod (${inTheWay ?? 'an absolute path without ":" and ".."'})`,
      );
    mounts.push({ path: target, name: String(mounts.length), writable });
  }
  return mounts;
}
