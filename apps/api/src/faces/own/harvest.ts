import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { limit } from '../../http/query.ts';

export const harvestSchema = z.object({
  branches: z.array(
    z.object({
      repository: z.string(),
      branch: z.string(),
      commit: z.string().optional().describe('up to where it was read'),
      looked: z.iso.datetime(),
      error: z.string().optional().describe('why it could not be read; it is tried again'),
      failures: z.int().describe('looks in a row that failed'),
    }),
  ),
  files: z.array(
    z.object({
      repository: z.string().describe('files: those of the workspace'),
      branch: z.string(),
      path: z.string(),
      commit: z.string(),
      outcome: z.string(),
      reason: z.string().optional(),
      at: z.iso.datetime(),
    }),
  ),
});
export const harvestQuery = z.object({ limit: limit(1000) });

/** GET /api/v1/harvest: the branches and files bound to the workspace, and of each of their files what came of its last change. */
export async function answerHarvest({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = callerOf(request);
  const { limit: most } = harvestQuery.parse(request.query);
  const [branches, files] = await Promise.all([
    database.pool.query<{
      repository: string;
      branch: string;
      commit: string | null;
      updated_at: Date;
      error: string | null;
      failures: number;
    }>({
      name: 'harvest-branches',
      text: `
select repository, branch, commit, updated_at, error, failures from harvest_positions where workspace = $1 order by repository, branch`,
      values: [workspace],
    }),
    database.pool.query<{
      repository: string;
      branch: string;
      path: string;
      commit: string;
      outcome: string;
      reason: string | null;
      at: Date;
    }>({
      name: 'harvest-files',
      text: `
select * from (
  select distinct on (repository, branch, path) repository, branch, path, commit, outcome, reason, at from deployments
  where workspace = $1 order by repository, branch, path, move desc, at desc
) latest order by at desc, path limit $2`,
      values: [workspace, most],
    }),
  ]);
  await reply.send({
    branches: branches.rows.map(({ commit, error, updated_at: at, ...row }) => ({
      ...row,
      looked: at.toISOString(),
      ...(commit === null ? {} : { commit }),
      ...(error === null ? {} : { error }),
    })),
    files: files.rows.map(({ reason, at, ...row }) => ({ ...row, ...(reason === null ? {} : { reason }), at: at.toISOString() })),
  });
}
