import { ObjectNotFound, ObjectTooLarge } from '@runnel/objects';
import { inTransaction, query } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { tellChanged } from '../processes/known-processes.ts';
import { dismissRun } from '../runs/dismiss-run.ts';
import { configFolder, policyFile, readPolicy } from './policy-file.ts';
import type { ReadPolicy } from './policy-file.ts';

type Services = Pick<ApiContext, 'database' | 'objects' | 'processes' | 'packages' | 'messaging' | 'relay'>;

const largest = 1024 * 1024;

export const policyKey = (workspace: string): string => `${workspace}/files/${configFolder}/${policyFile}`;

/**
 * Makes what stands in the workspace's access-policy.json the truth, at once: what it no longer offers is refused from now on, and others' runs
 * of that go on or are dismissed, as the owner had said with the offer. No file, or one that cannot be read, offers nothing.
 */
export async function applyPolicy(services: Services, workspace: string): Promise<ReadPolicy> {
  const text = await readFile(services, workspace);
  const policy = text === undefined ? { workflows: [], faults: [] } : readPolicy(text);
  crashPoint('api.policy.before-write');
  const revoked = await inTransaction(services.database, async (tx) => {
    const before = await replaceRows(tx, workspace, policy);
    await note(tx, workspace, text === undefined ? `there is no ${policyFile}: everything is private` : undefined, policy);
    await tellChanged(tx, workspace);
    return before;
  });
  services.processes.forget(workspace);
  crashPoint('api.policy.after-write');
  await dismissRuns(services, workspace, revoked);
  return policy;
}

async function readFile({ objects }: Services, workspace: string): Promise<string | undefined> {
  try {
    return (await objects.getBytes(policyKey(workspace), largest)).toString('utf8');
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    // As a fault of its text: it offers nothing.
    if (error instanceof ObjectTooLarge) return '';
    throw error;
  }
}

/** Processes that were offered and are not any more, whose runs by others are to be dismissed. */
async function replaceRows(tx: Transaction, workspace: string, { workflows }: ReadPolicy): Promise<string[]> {
  await query(tx, { name: 'lock-policy', text: `select pg_advisory_xact_lock(hashtextextended('policy ' || $1, 0))`, values: [workspace] });
  const { rows: before } = await query<{ process: string; dismiss: boolean }>(tx, {
    name: 'delete-policies',
    text: `delete from workflow_policies where workspace = $1 returning process, (public or user_service) and on_revoke = 'dismiss' as dismiss`,
    values: [workspace],
  });
  await query(tx, {
    name: 'insert-policies',
    text: `
insert into workflow_policies (workspace, process, public, user_service, on_revoke, updated_at)
select $1, p.process, p.public, p.user_service, p.on_revoke, now()
from unnest($2::text[], $3::boolean[], $4::boolean[], $5::text[]) as p (process, public, user_service, on_revoke)`,
    values: [
      workspace,
      workflows.map(({ process }) => process),
      workflows.map((one) => one.public),
      workflows.map(({ userService }) => userService),
      workflows.map(({ onRevoke }) => onRevoke),
    ],
  });
  const offered = new Set(workflows.filter((one) => one.public || one.userService).map(({ process }) => process));
  // An entry that was made private may say it anew.
  const anew = new Map(workflows.map(({ process, onRevoke }) => [process, onRevoke === 'dismiss'] as const));
  return before
    .filter(({ process, dismiss }) => !offered.has(process) && (dismiss || anew.get(process) === true))
    .map(({ process }) => process);
}

async function note(tx: Transaction, workspace: string, missing: string | undefined, { workflows, faults }: ReadPolicy): Promise<void> {
  const offered = workflows.filter((one) => one.public || one.userService).map(({ process }) => process);
  const lines = [
    ...faults.map((message) => ['ERROR', message] as const),
    ['INFO', missing ?? `${policyFile} was read; offered to others: ${offered.join(', ') || 'nothing'}`] as const,
  ];
  await query(tx, {
    name: 'insert-harvest-log',
    text: `
with old as (delete from harvest_log where workspace = $1 and at < now() - interval '30 days')
insert into harvest_log (workspace, level, message) select $1, l.level, l.message from unnest($2::text[], $3::text[]) as l (level, message)`,
    values: [workspace, lines.map(([level]) => level), lines.map(([, message]) => message)],
  });
}

async function dismissRuns(services: Services, owner: string, processes: readonly string[]): Promise<void> {
  if (processes.length === 0) return;
  const { rows } = await services.database.pool.query<{ id: string; workspace: string }>({
    name: 'open-runs-of-others',
    text: `
select id, workspace from runs
where not stopped and process_workspace = $1 and process_id = any($2) and workspace <> $1 and phase in ('accepted', 'running', 'publishing')`,
    values: [owner, processes],
  });
  for (const { id, workspace } of rows) await dismissRun(services, { workspace, run: id, by: `${owner}: the offer was taken back` });
}

export interface HarvestMessage {
  readonly datetime: string;
  readonly message: string;
  readonly level: string;
}

/** What was found in the last seconds, newest last. */
export async function harvestMessages(
  { database }: Pick<ApiContext, 'database'>,
  workspace: string,
  seconds: number,
): Promise<HarvestMessage[]> {
  const { rows } = await database.pool.query<{ at: Date; level: string; message: string }>({
    name: 'harvest-messages',
    text: `select at, level, message from harvest_log where workspace = $1 and at > now() - make_interval(secs => $2) order by id limit 1000`,
    values: [workspace, seconds],
  });
  return rows.map(({ at, level, message }) => ({ datetime: at.toISOString(), message, level }));
}
