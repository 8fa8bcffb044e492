/** How the caller of a run wants its results: read by faces only, null where it said nothing. */
export const runRequest = {
  version: 4,
  name: 'run-request',
  sql: `alter table runs add column request jsonb;`,
};
