import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CliError } from './cli-error.ts';
import { request, type Target } from './http.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Uploads one local file under its content hash (a second upload of the same bytes is skipped by the server's If-None-Match); returns its address. */
export async function uploadFile(target: Target, path: string, to?: string): Promise<string> {
  const sha256 = await hashOf(path);
  const key = to ?? `uploads/${sha256.slice(0, 16)}/${basename(path)}`;
  const address = `/workspaces/${target.workspace}/files/${key.split('/').map(encodeURIComponent).join('/')}`;
  if (to === undefined && (await exists(target, address))) return address;
  await request(target, address, {
    method: 'PUT',
    body: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
    headers: { 'content-type': 'application/octet-stream', 'x-checksum-sha256': sha256, 'content-length': String(statSync(path).size) },
  });
  return address;
}

/** Uploads every local File and Directory that a job names, relative to the job's folder; the rest of the job stays as it is. */
export async function uploadInputs(target: Target, job: Json, folder: string): Promise<Json> {
  if (Array.isArray(job)) return Promise.all(job.map((item) => uploadInputs(target, item, folder)));
  if (job === null || typeof job !== 'object') return job;
  const local = localPath(job, folder);
  if (local === undefined) {
    return Object.fromEntries(
      await Promise.all(Object.entries(job).map(async ([key, value]) => [key, await uploadInputs(target, value, folder)] as const)),
    );
  }
  if (!existsSync(local)) throw new CliError(`no such file: ${local}`, 'Local files are looked up beside the input file.');
  const uploaded =
    job['class'] === 'Directory' ? await uploadDirectory(target, local) : { class: 'File', location: await uploadFile(target, local) };
  const { path: _path, location: _location, ...rest } = job;
  const secondary =
    rest['secondaryFiles'] === undefined ? {} : { secondaryFiles: await uploadInputs(target, rest['secondaryFiles'], folder) };
  return { ...rest, ...uploaded, ...secondary };
}

async function uploadDirectory(target: Target, path: string): Promise<{ [key: string]: Json }> {
  const entries = await readdir(path, { withFileTypes: true });
  const listing = await Promise.all(
    entries.map(async (entry): Promise<Json> => {
      const child = join(path, entry.name);
      return entry.isDirectory()
        ? await uploadDirectory(target, child)
        : { class: 'File', basename: entry.name, location: await uploadFile(target, child) };
    }),
  );
  return { class: 'Directory', basename: basename(path), listing };
}

/** The path of a File or Directory object that names something on this disk; undefined for addresses that the server resolves itself. */
export function localPath(value: { [key: string]: Json }, folder: string): string | undefined {
  if (value['class'] !== 'File' && value['class'] !== 'Directory') return undefined;
  const named = value['path'] ?? value['location'];
  if (typeof named !== 'string') return undefined;
  if (named.startsWith('file://')) return fileURLToPath(named);
  if (/^[a-z][a-z0-9+.-]*:/i.test(named) || named.startsWith('/workspaces/')) return undefined;
  const path = resolve(folder, named);
  return named.startsWith('files/') && !existsSync(path) ? undefined : path;
}

async function exists(target: Target, address: string): Promise<boolean> {
  return (await request(target, address, { method: 'HEAD', tolerate: [404] })).ok;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
