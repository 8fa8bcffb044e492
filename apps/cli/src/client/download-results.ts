import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from './cli-error.ts';
import { request, requestJson, type Target } from './http.ts';
import type { Results } from './results.ts';

interface FilePage {
  files: { path: string; size: number }[];
  next?: string;
}

/** The platform keeps its own form of the document under this name; what users get is written in its place. */
const documentName = 'results.json';

/** A file that was fetched, by its place below the folder. */
export interface Downloaded {
  path: string;
  bytes: number;
}

/** Fetches all published files of a run into a new or empty folder, and the result document beside them. */
export async function downloadResults(target: Target, run: string, folder: string, results: Results): Promise<Downloaded[]> {
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new CliError(`${folder} is not empty`, 'Name a new folder with --download.');
  await mkdir(folder, { recursive: true });
  const base = `/workspaces/${target.workspace}/results/${run}/`;
  const downloaded: Downloaded[] = [];
  for (let page: string | undefined = base; page !== undefined;) {
    const found: FilePage = await requestJson<FilePage>(target, page);
    for (const { path, size } of found.files.filter((file) => file.path !== documentName)) {
      // The server's word is not taken for a place on this disk.
      const place = resolve(folder, path);
      if (!place.startsWith(resolve(folder) + sep)) throw new CliError(`the server names a file outside of the results: ${path}`);
      await download(target, base + path.split('/').map(encodeURIComponent).join('/'), place, size);
      downloaded.push({ path, bytes: size });
    }
    page = found.next;
  }
  await writeFile(join(folder, documentName), `${JSON.stringify(results, null, 2)}\n`);
  return downloaded;
}

async function download(target: Target, address: string, place: string, size: number): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const { body } = await request(target, address);
  const file = createWriteStream(place, { flags: 'wx' });
  await pipeline(Readable.from((body ?? []) as AsyncIterable<Uint8Array>), file);
  if (file.bytesWritten !== size) throw new CliError(`${place} came with ${file.bytesWritten} of ${size} bytes`, 'Try again.');
}
