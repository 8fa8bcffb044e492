import type { RunStatus } from '@runnel/contracts';
import type { Database, Write } from '@runnel/postgres';

/** How a run may end. */
export const endings = ['successful', 'failed', 'dismissed'] as const satisfies readonly RunStatus[];

/** An address that is told of the ends of a workspace's runs. */
export interface Webhook {
  readonly name: string;
  readonly uri: string;
  readonly ends: readonly (typeof endings)[number][];
  readonly created: Date;
  /** Messages that were not taken yet, of runs that have ended. */
  readonly waiting: number;
  /** Why the last one that failed was not taken. */
  readonly error: string | null;
}

type Services = Pick<Database, 'pool'>;

/** Joins the transaction that accepts the runs: their webhooks are those that their workspaces have then. */
export const insertWebhookCalls = (
  runs: readonly { readonly run: string; readonly workspace: string; readonly base: string }[],
): Write => ({
  name: 'insert-webhook-calls',
  text: `
insert into callbacks (run_id, kind, workspace, uri, base, due_at)
select r.run, 'webhook:' || w.name, r.workspace, w.uri, r.base, now()
from unnest($1::uuid[], $2::text[], $3::text[]) as r (run, workspace, base) join webhooks w using (workspace)`,
  values: [runs.map(({ run }) => run), runs.map(({ workspace }) => workspace), runs.map(({ base }) => base)],
});

export async function listWebhooks({ pool }: Services, workspace: string): Promise<Webhook[]> {
  const { rows } = await pool.query<Webhook>({
    name: 'list-webhooks',
    text: `
select w.name, w.uri, w.ends, w.created_at as created,
  (select count(*)::int from callbacks c join runs r on r.id = c.run_id
   where c.workspace = w.workspace and c.kind = 'webhook:' || w.name and c.done_at is null and r.finished_at is not null) as waiting,
  (select c.error from callbacks c where c.workspace = w.workspace and c.kind = 'webhook:' || w.name and c.error is not null
   order by c.due_at desc limit 1) as error
from webhooks w where w.workspace = $1 order by w.name`,
    values: [workspace],
  });
  return rows;
}

export async function storeWebhook(
  { pool }: Services,
  workspace: string,
  { name, uri, ends }: Pick<Webhook, 'name' | 'uri' | 'ends'>,
): Promise<void> {
  await pool.query({
    name: 'store-webhook',
    text: `
insert into webhooks (workspace, name, uri, ends) values ($1, $2, $3, $4)
on conflict (workspace, name) do update set uri = excluded.uri, ends = excluded.ends`,
    values: [workspace, name, uri, ends],
  });
}

/** False where there is none of this name. What it was not told yet it is never told. */
export async function removeWebhook({ pool }: Services, workspace: string, name: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'remove-webhook',
    text: `
with moot as (
  update callbacks set done_at = now(), error = 'the webhook was removed' where workspace = $1 and kind = 'webhook:' || $2 and done_at is null
)
delete from webhooks where workspace = $1 and name = $2`,
    values: [workspace, name],
  });
  return rowCount === 1;
}

/** The ends that a webhook wants to be told of now; undefined: it is gone. */
export async function wantedEnds({ pool }: Services, workspace: string, name: string): Promise<readonly string[] | undefined> {
  const { rows } = await pool.query<{ ends: string[] }>({
    name: 'webhook-ends',
    text: 'select ends from webhooks where workspace = $1 and name = $2',
    values: [workspace, name],
  });
  return rows[0]?.ends;
}
