import type { WorkspaceSettings } from '@runnel/contracts';
import { inTransaction, query } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import { crashPoint, Problem } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { tellChanged } from '../processes/known-processes.ts';
import type { WorkspaceState } from './known-workspaces.ts';
import { tellWorkspacesChanged } from './workspace-changes.ts';

type Services = Pick<ApiContext, 'database' | 'workspaces' | 'processes'>;

/** Makes a workspace. Throws 409 where there is one of that name, or was: usage, audit and addresses name it for ever. */
export async function createWorkspace(services: Services, name: string, settings: WorkspaceSettings, by: string): Promise<void> {
  await change(services, async (tx) => {
    const { count } = await query(tx, {
      name: 'create-workspace',
      text: 'insert into workspaces (name, settings, created_by) values ($1, $2, $3) on conflict (name) do nothing',
      values: [name, JSON.stringify(settings), by],
    });
    if (count === 0) throw conflict(`there is, or was, a workspace "${name}": a name is given once`);
  });
}

/** Replaces the named settings; null takes one away. */
export async function changeSettings(
  services: Services,
  name: string,
  changes: { readonly [Name in keyof WorkspaceSettings]?: WorkspaceSettings[Name] | null | undefined },
  by: string,
): Promise<void> {
  await change(services, async (tx) => {
    await ensureRow(tx, name, by);
    await query(tx, {
      name: 'change-settings',
      text: 'update workspaces set settings = jsonb_strip_nulls(settings || $2), changed_at = now() where name = $1',
      values: [name, JSON.stringify(changes)],
    });
    // What is used of another budget is looked at anew.
    if ('budget' in changes)
      await query(tx, { name: 'forget-budget', text: 'delete from budget_states where workspace = $1', values: [name] });
  });
}

/** Nothing new begins there: runs are refused, steps that wait go on waiting, what runs comes to its end. */
export async function suspendWorkspace(services: Services, name: string, reason: string | null, by: string): Promise<void> {
  await setState(services, name, { to: 'suspended', from: ['active', 'suspended'], reason, by });
}

export async function resumeWorkspace(services: Services, name: string, by: string): Promise<void> {
  await setState(services, name, { to: 'active', from: ['suspended', 'active'], reason: null, by });
}

/**
 * Begins to delete a workspace: from the commit on nobody is let in with its tokens and nothing of it is offered. Its runs are then dismissed
 * (`remove-workspaces.ts`); its objects go when nothing of them runs any more (the ingester). Runs, usage and audit stay as records.
 */
export async function deleteWorkspace(services: Services, name: string, by: string): Promise<void> {
  await setState(services, name, { to: 'deleting', from: ['active', 'suspended', 'deleting', 'deleted'], reason: null, by }, async (tx) => {
    for (const statement of endings) await query(tx, { ...statement, values: [name] });
    await tellChanged(tx, name);
    crashPoint('api.workspace.before-commit');
  });
  services.processes.forget(name);
}

const endings = [
  {
    name: 'end-tokens',
    text: `
with revoked as (update tokens set revoked_at = now() where workspace = $1 and revoked_at is null returning id)
select pg_notify('token_revoked', id::text) from revoked`,
  },
  { name: 'end-members', text: 'delete from members where workspace = $1' },
  { name: 'end-secrets', text: 'delete from secrets where workspace = $1' },
  { name: 'end-webhooks', text: 'delete from webhooks where workspace = $1' },
  { name: 'end-triggers', text: 'delete from triggers where workspace = $1' },
  { name: 'end-offers', text: 'delete from workflow_policies where workspace = $1' },
  { name: 'end-processes', text: 'update processes set deleted_at = now() where workspace = $1 and deleted_at is null' },
];

async function setState(
  services: Services,
  name: string,
  { to, from, reason, by }: { to: WorkspaceState; from: readonly WorkspaceState[]; reason: string | null; by: string },
  also: (tx: Transaction) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await change(services, async (tx) => {
    await ensureRow(tx, name, by);
    const { count } = await query(tx, {
      name: 'set-state',
      text: `
update workspaces set state = case state when 'deleted' then state else $2 end, reason = $4, changed_at = now() where name = $1 and state = any($3)`,
      values: [name, to, from, reason],
    });
    if (count === 0) throw conflict(`workspace "${name}" is deleted`);
    await also(tx);
  });
}

async function ensureRow(tx: Transaction, name: string, by: string): Promise<void> {
  await query(tx, {
    name: 'ensure-workspace',
    text: 'insert into workspaces (name, created_by) values ($1, $2) on conflict (name) do nothing',
    values: [name, by],
  });
}

/** Known to this replica when it resolves, to the others a moment later. */
async function change({ database, workspaces }: Services, work: (tx: Transaction) => Promise<void>): Promise<void> {
  await inTransaction(database, async (tx) => {
    await work(tx);
    await query(tx, tellWorkspacesChanged);
  });
  crashPoint('api.workspace.after-commit');
  await workspaces.refresh();
}

const conflict = (detail: string): Problem => new Problem({ status: 409, title: 'Conflict', detail });
