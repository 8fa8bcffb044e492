/** The first schema. Migrations expand, then contract, a release apart; a published one is never edited. */
export const initial = {
  version: 1,
  name: 'initial',
  sql: `
create table processes (
  workspace text not null,
  id text not null,
  -- Counts deployments of this id; the highest is the current one, also when it is a tombstone.
  revision integer not null,
  -- sha256 of the packed document: object {workspace}/packages/{digest}.json.
  digest text not null,
  -- Process of the package that runs.
  entry text not null,
  -- OGC process description without links.
  description jsonb not null,
  -- The document as deployed: object key and media type.
  source_key text not null,
  media_type text not null,
  deployed_by text not null,
  deployed_at timestamptz not null,
  deleted_at timestamptz,
  primary key (workspace, id, revision)
);

-- Natural key of harvested deployments (rule 3).
create table deployments (
  repository text not null,
  commit text not null,
  path text not null,
  workspace text not null,
  outcome text not null,
  reason text,
  at timestamptz not null,
  primary key (repository, commit, path)
);

create table tokens (
  id uuid primary key,
  workspace text not null,
  name text not null,
  -- sha256 of the secret; the secret itself is shown once.
  hash bytea not null unique,
  scopes text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index tokens_workspace on tokens (workspace, created_at);

-- Projection of each run's events, written in the transaction that appends them.
create table runs (
  id uuid primary key,
  -- Hash of the id, 0..15: which partition's owner advances it.
  partition smallint not null,
  workspace text not null,
  process_workspace text not null,
  process_id text not null,
  process_version text not null,
  process_digest text not null,
  principal text not null,
  phase text not null,
  progress smallint not null default 0,
  message text not null default '',
  -- Version of its last event.
  version integer not null,
  failure jsonb,
  -- Why a person should look (a dead letter, a stop that is not confirmed).
  attention text,
  -- Result document's object key.
  document text,
  name text,
  labels jsonb not null default '{}',
  -- False while attempts may still exist after the end.
  stopped boolean not null default false,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz not null
) with (fillfactor = 70);
create index runs_by_workspace on runs (workspace, created_at desc, id desc);
-- Without updated_at: a run's row changes with each batch of news and stays on its page.
create index runs_open on runs (partition) where not stopped;

-- The smallest UUIDv7 of an instant.
create function uuid_floor(at timestamp) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Truth of a run (rule 2). Range-partitioned: a UUIDv7 carries its month.
create table events (
  run_id uuid not null,
  version integer not null,
  type text not null,
  data json not null,
  time timestamptz not null,
  primary key (run_id, version)
) partition by range (run_id);
-- Catches what has no month of its own (ids made by a clock that is far off); empty in a healthy installation.
create table events_default partition of events default;

-- One partition per month of UUIDv7, from the month of \`now\` to \`ahead\` months later; returns those it created. Runs with the owner's rights,
-- so that the scheduler needs none of its own to create tables. A month whose rows already went to the default partition stays there.
create function ensure_event_partitions(now timestamptz, ahead integer) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  first timestamp := date_trunc('month', now at time zone 'UTC');
  month timestamp;
  name text;
begin
  for i in 0..ahead loop
    month := first + make_interval(months => i);
    name := 'events_' || to_char(month, 'YYYY_MM');
    continue when to_regclass(name) is not null;
    begin
      execute format('create table %I partition of events for values from (%L) to (%L)', name, uuid_floor(month), uuid_floor(month + interval '1 month'));
      return next name;
    exception when check_violation then
      raise warning 'events of % stand in the default partition', to_char(month, 'YYYY-MM');
    end;
  end loop;
end $$;

create table snapshots (
  run_id uuid primary key,
  version integer not null,
  -- Compressed JSON; holds the version of its own shape.
  state bytea not null
);

create table outbox (
  id uuid primary key default gen_random_uuid(),
  seq bigserial not null,
  subject text not null,
  headers jsonb not null,
  payload text not null,
  created_at timestamptz not null default now()
);
create index outbox_order on outbox (seq);

create table inbox (
  consumer text not null,
  message_id text not null,
  at timestamptz not null default now(),
  primary key (consumer, message_id)
);

create table timers (
  run_id uuid not null,
  kind text not null,
  key text not null,
  partition smallint not null,
  due_at timestamptz not null,
  primary key (run_id, kind, key)
);
create index timers_due on timers (partition, due_at);

create table partitions (
  partition smallint primary key,
  owner text,
  -- Grows with each change of owner.
  epoch bigint not null default 0,
  lease_until timestamptz not null default '-infinity'
);
insert into partitions (partition) select generate_series(0, 15);

create table schedulers (
  id text primary key,
  lease_until timestamptz not null
);

create table executors (
  id text primary key,
  backend text not null,
  slots integer not null,
  cores double precision not null,
  memory_mib double precision not null,
  isolation text not null,
  accepting boolean not null,
  lease_until timestamptz not null,
  heartbeat_at timestamptz not null
);

-- What waits for admission: one row per node, whatever its width (rule 6).
create table ready_nodes (
  run_id uuid not null,
  node text not null,
  workspace text not null,
  count integer not null,
  cores double precision not null,
  memory_mib double precision not null,
  reason text,
  since timestamptz not null,
  primary key (run_id, node)
);
create index ready_nodes_by_workspace on ready_nodes (workspace, since);

-- Written by the admitter, taken by the partition's owner in the transaction that appends step.requested.
create table grants (
  id bigserial primary key,
  run_id uuid not null,
  node text not null,
  workspace text not null,
  executor text not null,
  count integer not null,
  cores double precision not null,
  memory_mib double precision not null,
  created_at timestamptz not null default now()
);
create index grants_by_run on grants (run_id);

-- One row per requested element: its current attempt.
create table steps (
  run_id uuid not null,
  step text not null,
  attempt integer not null,
  workspace text not null,
  -- requested, running, successful, failed, waiting, stopping, stopped
  state text not null,
  executor text,
  cores double precision not null,
  memory_mib double precision not null,
  requested_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  exit_code integer,
  failure json,
  result_key text,
  logs json,
  primary key (run_id, step)
) with (fillfactor = 80);
create index steps_active on steps (executor) where state in ('requested', 'running', 'stopping');

create table results (
  run_id uuid not null,
  output text not null,
  workspace text not null,
  value json not null,
  published_at timestamptz not null,
  primary key (run_id, output)
);

-- STAC: collections (item = '') and items.
create table catalogue (
  workspace text not null,
  collection text not null,
  item text not null,
  run_id uuid,
  document json not null,
  visible boolean not null default false,
  updated_at timestamptz not null,
  primary key (workspace, collection, item)
);

-- Ledger: one row per attempt, never changed.
create table usage (
  run_id uuid not null,
  step text not null,
  attempt integer not null,
  workspace text not null,
  wall_seconds double precision not null,
  cpu_seconds double precision not null,
  max_memory_bytes double precision not null,
  cores double precision not null,
  memory_mib double precision not null,
  input_bytes double precision not null,
  output_bytes double precision not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  primary key (run_id, step, attempt)
);
create index usage_by_workspace on usage (workspace, finished_at);

-- Content-addressed intermediate objects: {workspace}/objects/{sha256}.
create table objects (
  workspace text not null,
  sha256 text not null,
  size bigint not null,
  touched_at timestamptz not null,
  marked_at timestamptz,
  primary key (workspace, sha256)
);

create table harvest_positions (
  repository text not null,
  branch text not null,
  commit text not null,
  updated_at timestamptz not null,
  error text,
  primary key (repository, branch)
);
`,
};
