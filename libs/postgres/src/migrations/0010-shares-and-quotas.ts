/** What a workspace may use at once and how much of a machine is its own; the same of a run within its workspace; grants that say no. */
export const sharesAndQuotas = {
  version: 10,
  name: 'shares-and-quotas',
  sql: `
-- A workspace without a row has weight 1, priority 0 and no limits; null: no limit.
create table quotas (
  workspace text primary key,
  weight double precision not null default 1,
  priority integer not null default 0,
  -- Under way at once.
  steps integer,
  cores double precision,
  memory_mib double precision,
  -- Of intermediate objects.
  storage_bytes bigint,
  -- Runs of which no step was asked for yet.
  queued_runs integer,
  updated_by text not null,
  updated_at timestamptz not null
);

alter table runs add column priority integer not null default 0;
alter table runs add column weight double precision not null default 1;
-- The few that are not like the others: the admitter reads them in each pass.
create index runs_with_share on runs (id) where not stopped and (priority <> 0 or weight <> 1);
-- How many are queued is counted at each acceptance where that is limited.
create index runs_under_way on runs (coalesce(executing_workspace, workspace)) where finished_at is null;

-- Set: the node is refused for this reason; count is 0 and the executor ''.
alter table grants add column refusal text;
`,
};
