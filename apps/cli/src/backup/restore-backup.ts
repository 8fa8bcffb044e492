import { importDatabase, ImportRefused, requireKnownSchema } from '@runnel/postgres';
import { openObjectStore } from '@runnel/objects';
import { CliError } from '../client/cli-error.ts';
import { bringObjects } from './bring-objects.ts';
import { readManifest, tableFile, type Manifest } from './manifest.ts';
import { checkParts, readPart } from './parts.ts';
import { isUnfinished, withUnfinishedStore } from './unfinished-store.ts';

/** A backup whose own files are as they were written, of a schema that this release knows. */
export async function openBackup(folder: string): Promise<Manifest> {
  const manifest = readManifest(folder);
  refuseAs(folder, () => requireKnownSchema(manifest.database));
  await checkParts(folder, manifest.files);
  return manifest;
}

export interface RestoreOptions {
  from: string;
  manifest: Manifest;
  postgres: string;
  objects: string;
  /** The store has objects already: what it lacks is brought, what it has stays. */
  keepObjects: boolean;
}

/** Fills an empty installation: first the objects, then, in one transaction, the rows that name them. Returns how many objects were brought. */
export async function restoreBackup({ from, manifest, postgres, objects, keepObjects }: RestoreOptions): Promise<number> {
  const store = await openObjectStore(objects);
  const isBegun = isUnfinished(objects);
  if (!keepObjects && !isBegun) {
    for await (const { key } of store.list('')) {
      throw new CliError(
        `the object store ${objects} is not empty, it holds ${key}`,
        'Name an empty one, or keep what it holds with --keep-objects.',
      );
    }
  }
  const keep = keepObjects && !isBegun;
  const bring = (): Promise<number> => bringObjects(store, from, manifest, keep);
  const brought = await (keep ? bring() : withUnfinishedStore(objects, bring));
  try {
    await importDatabase(postgres, manifest.database, (table) => readPart(from, tableFile(table)));
  } catch (error) {
    throw refusal(from, error);
  }
  return brought;
}

function refuseAs(folder: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw refusal(folder, error);
  }
}

function refusal(folder: string, error: unknown): unknown {
  return error instanceof ImportRefused ? new CliError(`${folder} cannot be restored: ${error.message}`, 'Nothing was changed.') : error;
}
