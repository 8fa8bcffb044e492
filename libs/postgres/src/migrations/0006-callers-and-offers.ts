/** Whose a run is and where it executes are two facts; what a workspace offers to others; where a STAC document stands in the results. */
export const callersAndOffers = {
  version: 6,
  name: 'callers-and-offers',
  sql: `
-- Whose its steps, intermediate files and usage are; null: those of \`workspace\`, whose run it is.
alter table runs add column executing_workspace text;
-- Its caller took it from the list; what it published stays.
alter table runs add column forgotten_at timestamptz;
create index runs_by_executing on runs (executing_workspace, created_at desc, id desc) where executing_workspace is not null;

-- Addresses of documents name the process and the user's catalogue they were published under.
alter table catalogue add column process text;
alter table catalogue add column catalogue text;

-- What access-policy.json says of processes; none is private.
create table workflow_policies (
  workspace text not null,
  process text not null,
  public boolean not null,
  user_service boolean not null,
  -- Runs of others that are under way when it is taken back: go on, or are dismissed.
  on_revoke text not null default 'continue',
  updated_at timestamptz not null,
  primary key (workspace, process)
);

-- What reading access-policy.json found, for its owner.
create table harvest_log (
  id bigserial primary key,
  workspace text not null,
  at timestamptz not null default now(),
  level text not null,
  message text not null
);
create index harvest_log_by_workspace on harvest_log (workspace, at);
`,
};
