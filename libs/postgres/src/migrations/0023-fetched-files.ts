/** Files that inputs named by address, so that what has not changed there is not fetched again. */
export const fetchedFiles = {
  version: 23,
  name: 'fetched-files',
  sql: `
create table fetched_files (
  workspace text not null,
  href text not null,
  etag text not null,
  sha256 text not null,
  -- Object of the last run that had it; it may be gone.
  key text not null,
  fetched_at timestamptz not null,
  primary key (workspace, href)
);
`,
};
