import type { DataOf, HarvestChanged } from '@runnel/contracts';
import { resolveValue } from '@runnel/engine';
import { readValue } from '@runnel/objects';
import type { Database, Transaction } from '@runnel/postgres';
import { inTransaction, query } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { Json } from '@runnel/cwl';
import type { ApiContext } from '../context.ts';
import { deployProcess } from '../processes/deploy-process.ts';
import type { DeployOutcome } from '../processes/deploy-process.ts';
import { tellChanged } from '../processes/known-processes.ts';

type Harvest = DataOf<typeof HarvestChanged>;
export type Change = Harvest['changes'][number];

interface Done {
  readonly outcome: 'deployed' | 'undeployed' | 'refused' | 'superseded' | 'ignored';
  readonly reason?: string | undefined;
}

/** Characters of a document; what may be uploaded may be harvested. */
const largest = 10 * 1024 * 1024;

/**
 * Brings one file's process into the state of the commit. The row of `deployments` (repository, commit, path) is written in the transaction of
 * the effect: a second copy of the message finds it. News of an older commit change nothing after those of a newer one.
 */
export async function applyChange(context: ApiContext, harvest: Harvest, change: Change, time: string): Promise<void> {
  const seen = await lookBack(context.database, harvest, change, time);
  if (seen === 'done') return;
  const record = (tx: Transaction, done: Done): Promise<void> => insertDone(tx, harvest, change, time, done);
  crashPoint('api.harvest.before-apply');
  if (seen === 'superseded') {
    await inTransaction(context.database, (tx) => record(tx, { outcome: 'superseded', reason: 'a newer commit was handled before' }));
  } else if (change.change === 'deleted') {
    await undeploySource(context, harvest, change.path, record);
  } else {
    if (change.previousPath !== undefined) await undeploySource(context, harvest, change.previousPath);
    await deployText(context, harvest, change, record);
  }
  crashPoint('api.harvest.after-apply');
}

/** Names the file that a process came from; undeploying looks for it. */
const originOf = ({ repository, branch }: Harvest, path: string): string => `harvest:${repository}#${branch}:${path}`;

async function deployText(
  context: ApiContext,
  harvest: Harvest,
  change: Change,
  record: (tx: Transaction, done: Done) => Promise<void>,
): Promise<void> {
  if (change.refused !== undefined) {
    await inTransaction(context.database, (tx) => record(tx, { outcome: 'refused', reason: change.refused }));
    return;
  }
  const content = await resolveValue(change.content ?? '', async (key) => (await readValue(context.objects, key, largest)) as Json);
  if (typeof content !== 'string') {
    await inTransaction(context.database, (tx) => record(tx, { outcome: 'refused', reason: 'its content is not text' }));
    return;
  }
  const outcome = await deployProcess(context, {
    workspace: harvest.workspace,
    mode: 'any',
    document: { text: content },
    by: originOf(harvest, change.path),
    also: (tx) => record(tx, { outcome: 'deployed' }),
  });
  if (outcome.kind === 'deployed') return;
  const reason = reasonOf(outcome);
  context.logger.warn({ workspace: harvest.workspace, path: change.path, reason }, 'a harvested document was refused');
  await inTransaction(context.database, (tx) => record(tx, { outcome: 'refused', reason }));
}

function reasonOf(outcome: Exclude<DeployOutcome, { kind: 'deployed' }>): string {
  if (outcome.kind !== 'refused') return `${outcome.kind}: ${'id' in outcome ? outcome.id : outcome.entries.join(', ')}`;
  return outcome.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ position, message }) => (position ? `${position.line}:${position.column} ${message}` : message))
    .join('; ')
    .slice(0, 4000);
}

async function lookBack({ pool }: Database, harvest: Harvest, change: Change, time: string): Promise<'done' | 'superseded' | 'new'> {
  const { rows } = await pool.query<{ done: boolean; superseded: boolean }>({
    name: 'look-back-deployments',
    text: `
select bool_or(commit = $2) as done, bool_or(commit <> $2 and at > $4) as superseded
from deployments where repository = $1 and path = $3 and workspace = $5`,
    values: [harvest.repository, harvest.commit, change.path, time, harvest.workspace],
  });
  return rows[0]?.done ? 'done' : rows[0]?.superseded ? 'superseded' : 'new';
}

async function insertDone(tx: Transaction, harvest: Harvest, change: Change, time: string, { outcome, reason }: Done): Promise<void> {
  await query(tx, {
    name: 'insert-deployment',
    text: `
insert into deployments (repository, commit, path, workspace, outcome, reason, at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing`,
    values: [harvest.repository, harvest.commit, change.path, harvest.workspace, outcome, reason ?? null, time],
  });
}

/** Undeploys what came from a file, if it is still what runs. */
async function undeploySource(
  { database, processes }: ApiContext,
  harvest: Harvest,
  path: string,
  record?: (tx: Transaction, done: Done) => Promise<void>,
): Promise<void> {
  await inTransaction(database, async (tx) => {
    const { count } = await query(tx, {
      name: 'undeploy-harvested',
      text: `
update processes p set deleted_at = now()
where workspace = $1 and deployed_by = $2 and deleted_at is null
  and revision = (select max(revision) from processes where workspace = p.workspace and id = p.id)`,
      values: [harvest.workspace, originOf(harvest, path)],
    });
    if (count > 0) await tellChanged(tx, harvest.workspace);
    await record?.(tx, count > 0 ? { outcome: 'undeployed' } : { outcome: 'ignored', reason: 'no process came from it' });
  });
  processes.forget(harvest.workspace);
}
