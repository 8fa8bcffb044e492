import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lockFolder } from '@runnel/embedded';
import { createLogger } from '@runnel/service';
import { CliError } from '../client/cli-error.ts';
import type { OperatorOptions } from '../client/operator.ts';
import { readAddresses } from '../up/addresses.ts';
import { makeDataFolder, restoring } from '../up/data-folder.ts';
import { openEmbeddedDatabase } from '../up/servers.ts';
import { syncFolders } from './sync-folders.ts';

/** Where the rows and objects of an installation are. */
export interface Stores {
  postgres: string;
  objects: string;
}

const logger = () => createLogger({ service: 'cli', level: 'silent' });

/** Runs the work on an installation, running or stopped: the Postgres of a stopped one is started for as long as the work takes. */
export async function withStores<T>(options: OperatorOptions, work: (stores: Stores) => Promise<T>): Promise<T> {
  const { postgres, objects, data } = options;
  if (postgres !== undefined && objects !== undefined) return work({ postgres, objects });
  const found = await readAddresses(data);
  const named = { postgres: postgres ?? found.postgres, objects: objects ?? found.objects };
  if (postgres !== undefined || !existsSync(join(data, 'postgres', 'PG_VERSION'))) return work(named);
  const lock = lockFolder(data);
  if (!lock.held) return work(named);
  try {
    const { url, stop } = await openEmbeddedDatabase(makeDataFolder(data), logger());
    return await work({ ...named, postgres: url }).finally(stop);
  } finally {
    lock.release();
  }
}

/**
 * Runs the work on a new, empty installation in the folder. Until it has ended well the folder is marked, so that nobody starts half of an
 * installation; after a fault the folder is empty again.
 */
export async function withNewStores<T>(data: string, work: (stores: Stores) => Promise<T>): Promise<T> {
  if (existsSync(data) && (await readdir(data)).length > 0)
    throw new CliError(`${data} is not empty`, 'Restore into a new folder: name one with --data.');
  const folder = makeDataFolder(data);
  const lock = lockFolder(folder);
  if (!lock.held) throw new CliError(`${folder} is being used by process ${lock.pid}`);
  try {
    await writeFile(restoring(folder), 'A restore into this folder has not ended.\n', { mode: 0o600, flush: true });
    await syncFolders(folder);
    const { url, stop } = await openEmbeddedDatabase(folder, logger());
    const result = await work({ postgres: url, objects: pathToFileURL(join(folder, 'objects/')).href }).finally(stop);
    await rm(restoring(folder));
    return result;
  } catch (error) {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
}
