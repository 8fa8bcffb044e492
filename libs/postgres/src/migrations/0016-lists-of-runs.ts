/** A page of a list of runs is read along an index, whatever it is filtered by. */
export const listsOfRuns = {
  version: 16,
  name: 'lists-of-runs',
  sql: `
create index runs_by_phase on runs (workspace, phase, created_at desc, id desc);
create index runs_by_process on runs (workspace, process_id, created_at desc, id desc);
create index runs_by_name on runs (workspace, name, created_at desc, id desc) where name is not null;
`,
};
