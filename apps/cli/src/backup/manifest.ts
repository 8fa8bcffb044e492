import { existsSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError } from '../client/cli-error.ts';
import { syncFolders } from './sync-folders.ts';

const Part = z.object({ bytes: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** Of the folder: one of another layout was written by another release. */
export const layout = 2;

/** What a backup holds. It is written last: a folder without it is no backup. */
export const Manifest = z.object({
  format: z.literal('runnel-backup'),
  version: z.literal(layout),
  release: z.string(),
  /** When the database was as it is in the backup. */
  takenAt: z.iso.datetime(),
  database: z.object({
    schema: z.int(),
    postgres: z.string(),
    tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), rows: z.int() })),
    sequences: z.array(z.object({ name: z.string(), value: z.string() })),
    partitions: z.array(z.string()),
    named: z.int(),
  }),
  objects: z.object({
    store: z.string(),
    count: z.int(),
    bytes: z.number(),
    /** Whether the bytes of the objects stand in the backup, too. */
    content: z.boolean(),
    /** Objects that the rows name and the store did not have; the first ones by name. */
    missing: z.int(),
    missingKeys: z.array(z.string()),
  }),
  /** The other files of the backup, by their path in it (without the packs: each object in them has its checksum in the list). */
  files: z.record(z.string(), Part),
});
export type Manifest = z.output<typeof Manifest>;
export type Part = z.output<typeof Part>;

export const objectList = 'objects.jsonl.gz';
export const namedList = 'named.copy.gz';
export const packFolder = 'packs';
/** The bytes of objects, one behind the other; the list of objects says where each stands. */
export const packFile = (pack: number): string => `${packFolder}/${String(pack).padStart(6, '0')}`;
export const tableFile = (table: string): string => `database/${table}.copy.gz`;

const file = (folder: string): string => join(folder, 'manifest.json');

/** The manifest of a finished backup. */
export function readManifest(folder: string): Manifest {
  if (!existsSync(folder)) throw new CliError(`there is no ${folder}`, 'Name the folder that `runnel backup --to` made.');
  if (!existsSync(file(folder)))
    throw new CliError(
      `${folder} holds no finished backup: it has no manifest.json`,
      'A backup that was broken off cannot be used. Take another one.',
    );
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file(folder), 'utf8'));
  } catch {
    throw new CliError(`${file(folder)} is damaged`, 'Use another backup.');
  }
  const version = z.object({ format: z.literal('runnel-backup'), version: z.int() }).safeParse(content);
  if (!version.success) throw new CliError(`${file(folder)} is not the manifest of a Runnel backup`);
  if (version.data.version !== layout)
    throw new CliError(
      `${folder} was written by ${version.data.version > layout ? 'a newer' : 'an older'} release, in another layout`,
      'Restore it with that release.',
    );
  const parsed = Manifest.safeParse(content);
  if (!parsed.success) throw new CliError(`${file(folder)} is damaged: ${z.prettifyError(parsed.error)}`, 'Use another backup.');
  return parsed.data;
}

/** Makes a backup of what stands in the folder: all at once, and on the disk when this resolves. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const unfinished = `${file(folder)}.new`;
  const handle = await open(unfinished, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file(folder));
  await syncFolders(folder);
}
