import { lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { StagingEntry } from '@runnel/cwl';

import { isBelow } from '../spawn/slot-script.ts';
import type { SpareFolder, StepAttempt } from '../types.ts';
import type { PathMapping } from './local-files.ts';

/** Where an attempt has its files. */
export interface Folders {
  out: string;
  tmp: string;
  /** Present where `tmp` was another attempt's before. */
  spare?: SpareFolder;
  in: string;
  log: string;
  /** The output directory as the tool sees it. */
  outInTool: string;
  mappings: PathMapping[];
}

/** Makes the folders that every tool needs. `outInTool`: where a container with files of its own shows the output directory. */
export function makeFolders({ directory, beside }: StepAttempt, declared: string | undefined): Folders {
  // No dots: documents take paths apart at them, to find the extension.
  const [out, tmp] = beside ? [`${directory}-out`, `${directory}-tmp`] : [join(directory, 'out'), join(directory, 'tmp')];
  // The attempt's folder may have them already, empty.
  mkdirSync(out, { recursive: true });
  const spare = beside?.spare.pop();
  if (spare === undefined) mkdirSync(tmp, { recursive: true });
  else renameSync(spare.path, tmp);
  const outInTool = declared ?? out;
  const mappings = outInTool === out ? [] : [{ tool: outInTool, host: out }];
  return { out, tmp, ...(spare && { spare }), in: join(directory, 'in'), log: join(directory, 'log'), outInTool, mappings };
}

/** Longer than file systems take a moment to last (a tick of the kernel's clock, 10 ms at most), in milliseconds. */
const CLOCK_TICK = 20;

/** Leaves the temporary folder of an attempt that ended well to another one, under its new name, if nothing is in it. */
export function spareFolder({ tmp, spare }: Folders, { beside }: StepAttempt): void {
  if (!beside) return;
  // The tool may have removed it, closed it, or put a link in its place.
  const stats = lstatSync(tmp, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true || (stats.mode & 0o700) !== 0o700) return;
  const { mtimeMs } = stats;
  if (spare?.unchangedSince !== mtimeMs && readdirSync(tmp).length > 0) return;
  beside.spare.push({ path: tmp, ...(mtimeMs < Date.now() - CLOCK_TICK && { unchangedSince: mtimeMs }) });
}

/** Gives what a document puts elsewhere in its container (absolute entrynames) a place of its own on the host. */
export function mapAbsoluteEntries(
  entries: StagingEntry[],
  folders: Folders,
  { directory }: StepAttempt,
): (PathMapping & { writable: boolean })[] {
  const mapped: (PathMapping & { writable: boolean })[] = [];
  for (const { target, writable } of entries) {
    if ([folders.outInTool, ...mapped.map(({ tool }) => tool)].some((folder) => isBelow(target, folder))) continue;
    mapped.push({ tool: target, host: join(directory, 'absolute', String(mapped.length)), writable });
  }
  return mapped;
}
