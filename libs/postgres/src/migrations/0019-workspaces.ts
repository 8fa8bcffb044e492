/** Tenants: their state and settings, who belongs to them and as what, their secrets, and secret inputs of runs that are under way. */
export const workspaces = {
  version: 19,
  name: 'workspaces',
  sql: `
-- One without a row is active and has no settings: an identity provider may name workspaces that nobody made here.
create table workspaces (
  name text primary key,
  -- active, suspended, deleting, deleted. The name of a deleted one is never given again.
  state text not null default 'active',
  -- Why it is suspended, for its members.
  reason text,
  -- libs/contracts/src/workspace-settings.ts
  settings jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);

create table members (
  workspace text not null,
  -- The identity provider's name of the user (claim "sub").
  member text not null,
  role text not null,
  added_by text not null,
  added_at timestamptz not null default now(),
  primary key (workspace, member)
);
create index members_by_member on members (member);

-- Sealed with a key that only the api has (apps/api/src/secrets/seal.ts).
create table secrets (
  workspace text not null,
  -- Name of the environment variable in which a step gets it.
  name text not null,
  sealed bytea not null,
  -- "process" or "process/step".
  steps text[] not null,
  updated_by text not null,
  updated_at timestamptz not null default now(),
  primary key (workspace, name)
);

-- Values of inputs that cwltool:Secrets names: the run's events hold the reference. Gone when the run has ended.
create table run_secrets (
  run_id uuid not null,
  reference text not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  primary key (run_id, reference)
);

alter table quotas add column upload_bytes bigint;
alter table quotas add column requests_per_second double precision;
`,
};
