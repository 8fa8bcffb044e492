import { takerOf } from '@runnel/contracts';
import type { DataOf, HarvestChanged } from '@runnel/contracts';
import { resolveValue } from '@runnel/engine';
import { readValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
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
 * Brings one file's process into the state of the commit. The row of `deployments` (repository, branch, path, commit) is written in the transaction
 * of the effect: a second copy of the message finds it. Older news change nothing after newer ones: moves tell which is which, clocks do not.
 * Returns what came of it; undefined: it was known.
 */
export async function applyChange(context: ApiContext, harvest: Harvest, change: Change): Promise<Done['outcome'] | undefined> {
  const seen = await lookBack(context.database, harvest, change);
  if (seen === 'done') return undefined;
  let outcome: Done['outcome'] | undefined;
  const record = async (tx: Transaction, done: Done): Promise<void> => {
    await insertDone(tx, harvest, change.path, done);
    outcome = done.outcome;
  };
  const alone = (done: Done): Promise<void> => inTransaction(context.database, (tx) => record(tx, done));
  const { path, previousPath } = change;
  crashPoint('api.harvest.before-apply');
  // By itself: whatever came of the new name since, and so that older news of the old one are known to be older.
  if (previousPath !== undefined)
    await undeploySource(context, harvest, previousPath, (tx, done) => insertDone(tx, harvest, previousPath, done));
  if (seen === 'superseded') {
    await alone({ outcome: 'superseded', reason: 'a newer commit was handled before' });
  } else if (takerOf(change.path) === undefined) {
    await alone({ outcome: 'ignored', reason: 'it is neither CWL (.cwl) nor a STAC document (.json, .geojson)' });
  } else if (change.change === 'deleted') {
    await undeploySource(context, harvest, path, record);
  } else {
    await deployText(context, harvest, change, record);
  }
  crashPoint('api.harvest.after-apply');
  await forgetContent(context.objects, change);
  return outcome;
}

/** A content that was too long for its message stands for nothing any more. */
async function forgetContent(objects: ObjectStore, { content }: Change): Promise<void> {
  if (typeof content === 'object' && content !== null && '$stored' in content)
    await objects.delete((content.$stored as { key: string }).key);
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

async function lookBack({ pool }: Database, harvest: Harvest, change: Change): Promise<'done' | 'superseded' | 'new'> {
  const { rows } = await pool.query<{ done: boolean; superseded: boolean }>({
    name: 'look-back-deployments',
    text: `
select bool_or(commit = $2) as done, bool_or(commit <> $2 and move > $4) as superseded
from deployments where repository = $1 and path = $3 and workspace = $5 and branch = $6`,
    values: [harvest.repository, harvest.commit, change.path, harvest.move, harvest.workspace, harvest.branch],
  });
  return rows[0]?.done ? 'done' : rows[0]?.superseded ? 'superseded' : 'new';
}

async function insertDone(tx: Transaction, harvest: Harvest, path: string, { outcome, reason }: Done): Promise<void> {
  await query(tx, {
    name: 'insert-deployment',
    text: `
insert into deployments (repository, branch, commit, path, workspace, outcome, reason, move, at) values ($1, $2, $3, $4, $5, $6, $7, $8, now())
on conflict do nothing`,
    values: [harvest.repository, harvest.branch, harvest.commit, path, harvest.workspace, outcome, reason ?? null, harvest.move],
  });
}

/** Undeploys what came from a file, if it is still what runs, and no newer commit has the file. */
async function undeploySource(
  { database, processes }: ApiContext,
  harvest: Harvest,
  path: string,
  record: (tx: Transaction, done: Done) => Promise<void>,
): Promise<void> {
  await inTransaction(database, async (tx) => {
    const { count } = await query(tx, {
      name: 'undeploy-harvested',
      text: `
update processes p set deleted_at = now()
where workspace = $1 and deployed_by = $2 and deleted_at is null
  and not exists (
    select from deployments d where d.workspace = $1 and repository = $3 and branch = $4 and path = $5 and move > $6
  )
  and revision = (select max(revision) from processes where workspace = p.workspace and id = p.id)`,
      values: [harvest.workspace, originOf(harvest, path), harvest.repository, harvest.branch, path, harvest.move],
    });
    if (count > 0) await tellChanged(tx, harvest.workspace);
    await record(tx, count > 0 ? { outcome: 'undeployed' } : { outcome: 'ignored', reason: 'no process came from it' });
  });
  processes.forget(harvest.workspace);
}
