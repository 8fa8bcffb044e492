import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { limit, once } from '../../http/query.ts';
import { nextPage } from '../own/runs.ts';

export const fileQuery = z.object({
  list: once(z.string().optional()).describe('the files below the path, as JSON (so does a slash at its end)'),
  limit: limit(1000).describe('at most so many files of a list'),
  after: once(z.string().max(1024).default('')).describe('path behind which a list begins'),
});

export const fileListSchema = z.object({
  files: z.array(z.object({ path: z.string(), href: z.string(), size: z.int(), etag: z.string(), modified: z.iso.datetime() })),
  next: z.string().optional(),
});

/** Whether a list is asked for, and not a file. */
export function wantsList(request: FastifyRequest): boolean {
  const [path = ''] = request.url.split('?');
  return path.endsWith('/') || (request.query as { list?: unknown }).list !== undefined;
}

/** Files below a folder, by path; `root` is the address of the folder's workspace part, relative to which paths are. */
export async function sendList(
  { objects }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  folder: { readonly prefix: string; readonly path: string; readonly href: string },
): Promise<void> {
  const query = fileQuery.parse(request.query);
  const files: z.output<typeof fileListSchema>['files'] = [];
  let more = false;
  for await (const info of objects.list(folder.prefix + (folder.path === '' ? '' : `${folder.path}/`))) {
    const path = info.key.slice(folder.prefix.length);
    if (Buffer.compare(Buffer.from(path), Buffer.from(query.after)) <= 0) continue;
    more = files.length === query.limit;
    if (more) break;
    const href = `${folder.href}/${path.split('/').map(encodeURIComponent).join('/')}`;
    files.push({ path, href, size: info.size, etag: info.etag, modified: info.modifiedAt.toISOString() });
  }
  await reply.send({ files, ...(more ? { next: nextPage(request, files.at(-1)?.path ?? '') } : {}) });
}
