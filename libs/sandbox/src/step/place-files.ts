import { cpSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync, constants, chmodSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { StagingEntry } from '@runnel/cwl';

import type { FileExchange } from '../types.ts';
import { StepFault } from './failures.ts';

export interface PlaceOptions {
  exchange: FileExchange;
  /** Only these locations, and what lies below them, may be brought in (they are inputs, or stand in the document). */
  mayBringIn: (location: string) => boolean;
  /** Where a target as the tool sees it lies on the host. */
  onHost: (target: string) => string;
}

/** Where the links made here lead: a tool may pass them on as outputs. `originals` are those that it may change. */
export interface PlacedLinks {
  linked: string[];
  originals: string[];
}

/** Carries out a staging plan, entry by entry. */
export async function placeFiles(entries: StagingEntry[], options: PlaceOptions): Promise<PlacedLinks> {
  const linked: string[] = [];
  const originals: string[] = [];
  for (const entry of entries) {
    const target = options.onHost(entry.target);
    mkdirSync(dirname(target), { recursive: true });
    if (entry.kind === 'literal') writeFileSync(target, entry.contents, { mode: entry.writable ? 0o644 : 0o444 });
    else if (entry.kind === 'empty-directory') mkdirSync(target, { recursive: true });
    else {
      const links = await bringIn(entry, target, options);
      linked.push(...links);
      if (entry.inPlace) originals.push(...links);
    }
  }
  return { linked, originals };
}

async function bringIn(
  entry: Extract<StagingEntry, { source: string }>,
  target: string,
  { exchange, mayBringIn }: PlaceOptions,
): Promise<string[]> {
  if (!mayBringIn(entry.source))
    throw new StepFault('staging', `${entry.source} is neither an input of this step nor part of the document`);
  if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return [];
  const wantsCopy = entry.writable && entry.inPlace !== true;
  const original = entry.inPlace ? exchange.original?.(entry.source) : undefined;
  const stood = original ?? (await bringOrFail(exchange, entry.source, wantsCopy ? `${target}.original` : target));
  if (!wantsCopy) {
    if (stood === target) return [];
    symlinkSync(stood, target);
    return [stood];
  }
  cpSync(stood, target, { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE });
  makeWritable(target);
  if (stood === `${target}.original`) rmSync(stood, { recursive: true, force: true });
  return [];
}

async function bringOrFail(exchange: FileExchange, source: string, target: string): Promise<string> {
  try {
    const stood = await exchange.bringIn(source, target);
    if (!existsSync(stood)) throw new Error('it does not exist');
    return stood;
  } catch (error) {
    throw new StepFault('staging', `${source} could not be brought in: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function makeWritable(path: string): void {
  const stat = lstatSync(path);
  chmodSync(path, stat.mode | 0o200);
  if (stat.isDirectory()) for (const name of readdirSync(path)) makeWritable(join(path, name));
}
