import type { Database } from '@runnel/postgres';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { tenantOf } from './quota.ts';

/** Days for which intermediate objects are kept at least: those that write them rely on it. */
const fewestDays = 7;

const days = (what: string, fewest = 1) =>
  z
    .int()
    .min(fewest)
    .max(36_500)
    .nullable()
    .describe(`${what}; null: ${fewest === fewestDays ? `${fewestDays} days` : 'until somebody deletes it'}`);

const fields = {
  runDays: days('days from its end after which a run is deleted, with everything that it alone owned'),
  logDays: days('days after which its logs are'),
  resultDays: days('days after which its published results are'),
  intermediateDays: days('days since anything named them after which intermediate objects are', fewestDays),
};
export const retentionRequest = z.strictObject(fields).partial();
export const retentionSchema = z.object({ workspace: z.string(), ...fields });
type Retention = z.output<typeof retentionRequest>;

/** What the workspace in the address, or the caller's own, keeps for how long. */
export async function answerRetention({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = tenantOf(request);
  await reply.send({ workspace, ...(await findRetention(database, workspace)) });
}

/** Changes what the body names; in force with the next garbage collection. */
export async function changeRetention(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const workspace = tenantOf(request);
  const given = retentionRequest.parse(await readJson(request, 10_000));
  const { runDays, logDays, resultDays, intermediateDays } = { ...(await findRetention(context.database, workspace)), ...given };
  await context.database.pool.query({
    name: 'store-retention',
    text: `
insert into retention (workspace, run_days, log_days, result_days, intermediate_days, updated_by, updated_at) values ($1, $2, $3, $4, $5, $6, now())
on conflict (workspace) do update set run_days = excluded.run_days, log_days = excluded.log_days, result_days = excluded.result_days,
  intermediate_days = excluded.intermediate_days, updated_by = excluded.updated_by, updated_at = excluded.updated_at`,
    values: [workspace, runDays, logDays, resultDays, intermediateDays, callerOf(request).name],
  });
  await answerRetention(context, request, reply);
}

async function findRetention({ pool }: Pick<Database, 'pool'>, workspace: string): Promise<Retention> {
  const { rows } = await pool.query<Retention>({
    name: 'find-retention',
    text: `
select run_days as "runDays", log_days as "logDays", result_days as "resultDays", intermediate_days as "intermediateDays"
from retention where workspace = $1`,
    values: [workspace],
  });
  return rows[0] ?? { runDays: null, logDays: null, resultDays: null, intermediateDays: null };
}
