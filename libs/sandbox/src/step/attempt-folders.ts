import { lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { StagingEntry } from '@runnel/cwl';

import type { StepAttempt } from '../types.ts';
import type { PathMapping } from './local-files.ts';

/** Where an attempt has its files. */
export interface Folders {
  out: string;
  tmp: string;
  in: string;
  log: string;
  /** The output directory as the tool sees it. */
  outInTool: string;
  mappings: PathMapping[];
}

/** Makes the folders that every tool needs. `outInTool`: where a container with files of its own shows the output directory. */
export function makeFolders({ directory, beside }: StepAttempt, declared: string | undefined): Folders {
  const [out, tmp] = beside ? [`${directory}.out`, `${directory}.tmp`] : [join(directory, 'out'), join(directory, 'tmp')];
  // The attempt's folder may have them already, empty.
  mkdirSync(out, { recursive: true });
  const spare = beside?.spare.pop();
  if (spare === undefined) mkdirSync(tmp, { recursive: true });
  else renameSync(spare, tmp);
  const outInTool = declared ?? out;
  const mappings = outInTool === out ? [] : [{ tool: outInTool, host: out }];
  return { out, tmp, in: join(directory, 'in'), log: join(directory, 'log'), outInTool, mappings };
}

/** Leaves the temporary folder of an attempt that ended well to another one, under its new name, if nothing is in it. */
export function spareFolder({ tmp }: Folders, { beside }: StepAttempt): void {
  if (beside && isEmptyFolder(tmp)) beside.spare.push(tmp);
}

/** The tool may have removed it, closed it, or put a link in its place. */
function isEmptyFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && (stats.mode & 0o700) === 0o700 && readdirSync(path).length === 0;
}

/** Gives what a document puts elsewhere in its container (absolute entrynames) a place of its own on the host. */
export function mapAbsoluteEntries(
  entries: StagingEntry[],
  folders: Folders,
  { directory }: StepAttempt,
): (PathMapping & { writable: boolean })[] {
  const mapped: (PathMapping & { writable: boolean })[] = [];
  for (const { target, writable } of entries) {
    const isBelow = (folder: string): boolean => target === folder || target.startsWith(`${folder}/`);
    if ([folders.outInTool, ...mapped.map(({ tool }) => tool)].some(isBelow)) continue;
    mapped.push({ tool: target, host: join(directory, 'absolute', String(mapped.length)), writable });
  }
  return mapped;
}
