import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { cursor, cursorOf, limit, once } from '../../http/query.ts';
import { nextPage } from './runs.ts';

/** A job as another server told of it (statusInfo of OGC API - Processes). */
const importedJob = z.looseObject({
  jobID: z.string().min(1).max(200),
  processID: z.string().max(200).default(''),
  status: z.enum(['accepted', 'running', 'successful', 'failed', 'dismissed']),
  // No database has a year 0, and not every offset that is written has a place on earth.
  created: z.iso
    .datetime({ offset: true })
    .refine((text) => yearOf(text) >= 1 && yearOf(text) <= 9999, 'expected a time of the years 1 to 9999'),
});
const yearOf = (text: string): number => new Date(text).getUTCFullYear();

export const historyRequest = z.strictObject({
  origin: z.url().max(1000).describe('address of the face that told of them'),
  jobs: z.array(importedJob).max(1000),
});
export const historyAnswer = z.object({ added: z.int(), changed: z.int(), unchanged: z.int() });
export const historyQuery = z.object({
  limit: limit(100),
  process: once(z.string().optional()),
  after: cursor(z.tuple([z.iso.datetime(), z.string(), z.string()])).describe('where the page begins (of next)'),
});
export const historySchema = z.object({
  jobs: z.array(z.object({ origin: z.string(), imported: z.iso.datetime(), job: importedJob })),
  next: z.string().optional(),
});

/** Jobs that ran elsewhere: told again they are the same, changed ones are replaced. */
export async function takeHistory({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { origin, jobs } = historyRequest.parse(await readJson(request, 5_000_000));
  const { workspace, name } = callerOf(request);
  const { rows } = await database.pool.query<{ added: boolean }>({
    name: 'take-history',
    text: `
insert into imported_jobs as j (workspace, origin, id, process, status, created_at, document, imported_by)
select distinct on (d ->> 'jobID') $1, $2, d ->> 'jobID', d ->> 'processID', d ->> 'status', at, d, $4
from unnest($3::json[], $5::timestamptz[]) as told (d, at)
on conflict (workspace, origin, id) do update set process = excluded.process, status = excluded.status, created_at = excluded.created_at,
  document = excluded.document, imported_by = excluded.imported_by, imported_at = now()
where j.document::jsonb is distinct from excluded.document::jsonb
returning xmax = 0 as added`,
    values: [workspace, origin, jobs.map((job) => JSON.stringify(job)), name, jobs.map(({ created }) => new Date(created).toISOString())],
  });
  const added = rows.filter((row) => row.added).length;
  const changed = rows.length - added;
  await reply.send({ added, changed, unchanged: new Set(jobs.map(({ jobID }) => jobID)).size - added - changed });
}

interface Row {
  id: string;
  origin: string;
  job: unknown;
  created: Date;
  imported: Date;
}

export async function answerHistory({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = historyQuery.parse(request.query);
  const [at = null, origin = '', id = ''] = query.after ?? [];
  const { rows } = await database.pool.query<Row>({
    name: 'read-history',
    text: `
select id, origin, document as job, created_at as created, imported_at as imported from imported_jobs
where workspace = $1 and ($2::text is null or process = $2)
  and ($3::timestamptz is null or created_at < $3 or (created_at = $3 and (origin, id) > ($4, $5)))
order by created_at desc, origin, id limit $6`,
    values: [callerOf(request).workspace, query.process ?? null, at, origin, id, query.limit + 1],
  });
  const page = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? page.at(-1) : undefined;
  await reply.send({
    jobs: page.map((row) => ({ origin: row.origin, imported: row.imported.toISOString(), job: row.job })),
    ...(last ? { next: nextPage(request, cursorOf(last.created.toISOString(), last.origin, last.id)) } : {}),
  });
}
