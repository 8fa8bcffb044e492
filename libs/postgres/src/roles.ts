import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Client } from 'pg';

export type ServiceName = 'api' | 'scheduler' | 'ingester' | 'harvester';

/** What a service's role may write; every role may read all tables, and insert into and drain the outbox (locking rows takes the right to update). */
const writes: Record<ServiceName, Record<string, string>> = {
  api: {
    processes: 'insert, update',
    deployments: 'insert, update',
    tokens: 'insert, update',
    workflow_policies: 'insert, update, delete',
    harvest_log: 'insert, delete',
    inbox: 'insert, delete',
    callbacks: 'insert, update',
    quotas: 'insert, update, delete',
    idempotency_keys: 'insert',
    cordons: 'insert, update, delete',
    cloud_events: 'insert, delete',
    refused_events: 'insert, delete',
    triggers: 'insert, update, delete',
    trigger_firings: 'insert, update, delete',
    audit: 'insert',
    audit_seals: 'insert',
    fetched_files: 'insert, update',
    webhook_deliveries: 'insert, delete',
    workspaces: 'insert, update',
    members: 'insert, update, delete',
    secrets: 'insert, update, delete',
    run_secrets: 'insert, delete',
    usage_corrections: 'insert',
    unbilled: 'insert',
    budget_states: 'delete',
    imported_jobs: 'insert, update',
    // Of a run only its acceptance and its dismissal.
    events: 'insert',
    runs: 'insert, update (phase, progress, message, version, finished_at, updated_at, name, labels, forgotten_at, priority, weight, deleted_at)',
    retention: 'insert, update',
    webhooks: 'insert, update, delete',
  },
  scheduler: {
    events: 'insert',
    results: 'insert',
    runs: 'update',
    steps: 'insert, update',
    snapshots: 'insert, update, delete',
    timers: 'insert, update, delete',
    ready_nodes: 'insert, update, delete',
    ready_changes: 'delete',
    grants: 'insert, update, delete',
    partitions: 'update',
    schedulers: 'insert, update, delete',
    executors: 'insert, update, delete',
    idempotency_keys: 'delete',
    inbox: 'insert, delete',
  },
  ingester: {
    results: 'insert, update, delete',
    catalogue: 'insert, update, delete',
    harvested_documents: 'insert, update, delete',
    deployments: 'insert',
    usage: 'insert',
    unbilled: 'insert, delete',
    billing_events: 'insert',
    budget_states: 'insert, update, delete',
    // That a workspace which is deleted is gone.
    workspaces: 'update (state, changed_at)',
    objects: 'insert, update, delete',
    inbox: 'insert, delete',
    // Of runs that are deleted, and of those that have ended what is kept no longer.
    runs: 'delete, update (deleted_at, logs_removed_at, results_removed_at, document)',
    events: 'delete',
    snapshots: 'delete',
    steps: 'delete',
    timers: 'delete',
    grants: 'delete',
    ready_nodes: 'delete',
    callbacks: 'delete',
    idempotency_keys: 'delete',
  },
  harvester: {
    harvest_positions: 'insert, update, delete',
    watched_files: 'insert, update, delete',
    unheard_news: 'insert, update, delete',
    inbox: 'insert, delete',
  },
};

export const serviceNames = Object.keys(writes) as ServiceName[];

/** Name of a service's role in the database. */
export const roleOf = (service: ServiceName): string => `runnel_${service}`;

/**
 * Creates the roles where they are missing, sets their passwords and gives each exactly its grants. Roles belong to the whole server, so two
 * databases may be migrated at the same time: what the other one just did is no fault.
 */
export async function grantRoles(client: Client, passwords: Record<ServiceName, string>): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  const database = escapeIdentifier(rows[0]?.name ?? '');
  for (const service of serviceNames) {
    const role = roleOf(service);
    await client.query(`
do $$ begin
  if not exists (select from pg_roles where rolname = '${role}') then
    create role ${role} login;
  end if;
exception when duplicate_object or unique_violation then null;
end $$`);
    await setPassword(client, role, passwords[service]);
    await client.query(`
revoke all on all tables in schema public from ${role};
revoke all on all sequences in schema public from ${role};
grant connect on database ${database} to ${role};
grant usage on schema public to ${role};
grant select on all tables in schema public to ${role};
grant insert, update, delete on outbox to ${role};
grant usage on sequence outbox_seq_seq to ${role};
${Object.entries(writes[service])
  .map(([table, rights]) => `grant ${rights} on ${table} to ${role};`)
  .join('\n')}`);
  }
  await client.query('revoke all on function ensure_event_partitions(timestamptz, integer) from public');
  await client.query(`grant execute on function ensure_event_partitions(timestamptz, integer) to ${roleOf('scheduler')}`);
  await client.query(`grant usage on sequence harvest_log_id_seq to ${roleOf('api')}`);
  await client.query(`grant usage on sequence grants_id_seq to ${roleOf('scheduler')}`);
}

async function setPassword(client: Client, role: string, password: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`alter role ${role} with login password ${escapeLiteral(password)}`);
      return;
    } catch (error) {
      // Another database's migration altered the same role in this instant.
      if (attempt === 10 || !(error instanceof Error && error.message.includes('tuple concurrently updated'))) throw error;
    }
  }
}
