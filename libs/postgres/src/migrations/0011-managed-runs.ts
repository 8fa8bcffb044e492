/** Requests that may come twice, runs found by their labels, executors that are given nothing new. */
export const managedRuns = {
  version: 11,
  name: 'managed-runs',
  sql: `
-- What a request with an Idempotency-Key led to; kept for a week.
create table idempotency_keys (
  -- The caller's.
  workspace text not null,
  key text not null,
  -- sha256 of what was asked for.
  request bytea not null,
  -- A run's id, or a process.
  result text not null,
  at timestamptz not null default now(),
  primary key (workspace, key)
);
create index idempotency_keys_by_age on idempotency_keys (at);

-- Executors that are given nothing new; '*' is all of them: maintenance.
create table cordons (
  executor text primary key,
  reason text not null,
  set_by text not null,
  set_at timestamptz not null default now()
);

create index runs_by_label on runs using gin (labels jsonb_path_ops) where labels <> '{}';
`,
};
