/** What is watched besides workflows of Git branches; an order of news that no clock decides; what a trigger for other runs has seen. */
export const harvestSources = {
  version: 17,
  name: 'harvest-sources',
  sql: `
-- Looks that told something, counted: the order of their news, whatever clocks say.
alter table harvest_positions add column moves bigint not null default 0;
alter table deployments add column move bigint not null default 0;
alter table deployments add column branch text not null default '';
alter table deployments drop constraint deployments_pkey;
alter table deployments add primary key (workspace, repository, branch, path, commit);

-- Files of a workspace as they were when they were last told of.
create table watched_files (
  workspace text not null,
  path text not null,
  etag text not null,
  primary key (workspace, path)
);

-- STAC documents of watched repositories and files; item '' is the collection itself. Two files may give the same item: the newer one is shown.
create table harvested_documents (
  workspace text not null,
  repository text not null,
  branch text not null,
  path text not null,
  collection text not null,
  item text not null,
  document json not null,
  move bigint not null,
  updated_at timestamptz not null default now(),
  primary key (workspace, repository, branch, path)
);
create index harvested_documents_by_item on harvested_documents (workspace, collection, item);

-- Signatures of webhooks that were received: each is taken once.
create table webhook_deliveries (
  signature bytea primary key,
  received_at timestamptz not null default now()
);

-- Runs whose end a trigger has counted, of those that ended lately: clocks differ, so their times do not tell.
alter table triggers add column counted uuid[] not null default '{}';
`,
};
