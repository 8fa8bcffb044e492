/** Whom callers of runs want to be told. Rows are timers (rule 11): they are due, claimed by one api, tried again later, and done. */
export const callbacks = {
  version: 5,
  name: 'callbacks',
  sql: `
create table callbacks (
  run_id uuid not null,
  -- success, failed, inProgress
  kind text not null,
  workspace text not null,
  uri text not null,
  -- Address of the face under which the caller knows the run, for links.
  base text not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  -- Why the last attempt failed.
  error text,
  -- Told, given up, or never to be told, since the run ended otherwise.
  done_at timestamptz,
  primary key (run_id, kind)
);
create index callbacks_due on callbacks (due_at) where done_at is null;
`,
};
