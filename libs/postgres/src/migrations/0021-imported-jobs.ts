/** Jobs that another server ran, as it told of them: brought by `runnel import`. */
export const importedJobs = {
  version: 21,
  name: 'imported-jobs',
  sql: `
create table imported_jobs (
  workspace text not null,
  -- Address of the face that told of it.
  origin text not null,
  id text not null,
  process text not null,
  status text not null,
  created_at timestamptz not null,
  -- statusInfo as it was told.
  document json not null,
  imported_by text not null,
  imported_at timestamptz not null default now(),
  primary key (workspace, origin, id)
);
create index imported_jobs_by_time on imported_jobs (workspace, created_at desc, origin, id);
`,
};
