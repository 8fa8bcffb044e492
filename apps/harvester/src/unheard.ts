import { insertOutbox, inTransaction, query, type Database, type OutboxRow, type Transaction } from '@runnel/postgres';
import { crashPoint, type Logger } from '@runnel/service';
import type { HarvesterParts } from './tell-changes.ts';
import type { Place } from './positions.ts';

/** Seconds after which news are told again the first time; each next time it takes twice as long. */
const patience = 30;
/** Tellings after which nobody will hear: the message is a dead letter, or its readers are gone. */
const mostTimes = 6;

/** Keeps a message that waits in the outbox until what came of its files stands in `deployments`: the stream that it goes to may be lost. */
export async function keepUntilHeard(
  tx: Transaction,
  place: Place,
  commit: string,
  paths: readonly string[],
  row: OutboxRow,
): Promise<void> {
  const { workspace, repository, branch } = place;
  await query(tx, {
    name: 'keep-until-heard',
    text: `
insert into unheard_news (id, workspace, repository, branch, commit, paths, subject, headers, payload)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [row.id, workspace, repository, branch, commit, paths, row.subject, JSON.stringify(row.headers), row.payload],
  });
}

/**
 * Forgets what was heard; tells again what nobody heard of for long, as the same message: a stream that still has it drops the copy, and who handled a
 * part of it knows. Returns how many were told again.
 */
export async function tellUnheard(parts: Pick<HarvesterParts, 'database' | 'relay'>, logger: Logger): Promise<number> {
  await forgetHeard(parts.database);
  const told = await inTransaction(parts.database, async (tx) => {
    const { rows } = await query<OutboxRow & { gone: boolean; workspace: string; repository: string; commit: string }>(tx, {
      name: 'unheard-news',
      text: `
with late as (
  select id from unheard_news where told_at < now() - make_interval(secs => $1 * 2 ^ (times - 1)) order by told_at limit 20 for update skip locked
), gone as (
  delete from unheard_news u using late where u.id = late.id and times >= $2 returning u.*
), again as (
  update unheard_news u set times = times + 1, told_at = now() from late where u.id = late.id and times < $2 returning u.*
)
select id, subject, headers, payload, workspace, repository, commit, false as gone from again
union all select id, subject, headers, payload, workspace, repository, commit, true from gone`,
      values: [patience, mostTimes],
    });
    for (const { workspace, repository, commit } of rows.filter(({ gone }) => gone))
      logger.error({ workspace, repository, commit }, 'nobody handled this change: see `runnel dlq list`');
    const again = rows.filter(({ gone }) => !gone);
    crashPoint('harvester.retell.before-write');
    await insertOutbox(tx, again);
    return again.length;
  });
  crashPoint('harvester.retell.after-write');
  if (told > 0) parts.relay.kick();
  return told;
}

async function forgetHeard({ pool }: Database): Promise<void> {
  await pool.query({
    name: 'forget-heard-news',
    text: `
delete from unheard_news u where not exists (
  select from unnest(u.paths) as told (path) where not exists (
    select from deployments d
    where d.workspace = u.workspace and d.repository = u.repository and d.branch = u.branch and d.path = told.path and d.commit = u.commit
  )
)`,
  });
}
