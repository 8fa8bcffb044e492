/** A branch may be bound to several workspaces: each has a position and outcomes of its own, also before its first commit was read. */
export const harvestByWorkspace = {
  version: 13,
  name: 'harvest-by-workspace',
  sql: `
alter table harvest_positions add column workspace text not null default '';
alter table harvest_positions alter column commit drop not null;
-- Looks in a row that failed.
alter table harvest_positions add column failures integer not null default 0;
alter table harvest_positions drop constraint harvest_positions_pkey;
alter table harvest_positions add primary key (workspace, repository, branch);
alter table deployments drop constraint deployments_pkey;
alter table deployments add primary key (workspace, repository, commit, path);
create index deployments_by_time on deployments (workspace, at);
`,
};
