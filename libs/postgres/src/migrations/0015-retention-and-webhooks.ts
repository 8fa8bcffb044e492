/** What is kept for how long, runs that are being deleted, and whom a workspace wants to be told of the ends of its runs. */
export const retentionAndWebhooks = {
  version: 15,
  name: 'retention-and-webhooks',
  sql: `
-- Days from the end of a run; null: kept until somebody deletes it. Of intermediate objects: days since anything named them.
create table retention (
  workspace text primary key,
  run_days integer,
  log_days integer,
  result_days integer,
  intermediate_days integer,
  updated_by text not null,
  updated_at timestamptz not null
);

-- Set: nobody sees it any more, and the ingester removes what it owned, its row last.
alter table runs add column deleted_at timestamptz;
create index runs_deleted on runs (deleted_at) where deleted_at is not null;
alter table runs add column logs_removed_at timestamptz;
alter table runs add column results_removed_at timestamptz;

create table webhooks (
  workspace text not null,
  name text not null,
  uri text not null,
  -- successful, failed, dismissed
  ends text[] not null,
  created_at timestamptz not null default now(),
  primary key (workspace, name)
);
`,
};
