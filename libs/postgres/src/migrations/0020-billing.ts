/** What is billed of the ledger, its corrections, and what became of budgets. */
export const billing = {
  version: 20,
  name: 'billing',
  sql: `
-- The ledger is never changed: what was wrong is set right by rows of the opposite sign.
create table usage_corrections (
  -- Given by who corrects: twice is once.
  id uuid primary key,
  run_id uuid not null,
  step text not null,
  attempt integer not null,
  workspace text not null,
  wall_seconds double precision not null,
  cpu_seconds double precision not null,
  memory_gb_seconds double precision not null,
  input_bytes double precision not null,
  output_bytes double precision not null,
  reason text not null,
  made_by text not null,
  at timestamptz not null default now()
);
create index usage_corrections_by_workspace on usage_corrections (workspace, at);

-- Attempts and corrections as they are billed: what was used or what was asked for, whichever is more, as the hub counts it.
create view ledger as
select run_id, step, attempt, workspace, finished_at as at, wall_seconds, greatest(cpu_seconds, cores * wall_seconds) as cpu_seconds,
  greatest(max_memory_bytes, memory_mib * 1048576) / 1e9 * wall_seconds as memory_gb_seconds, input_bytes, output_bytes, null::uuid as correction
from usage
union all
select run_id, step, attempt, workspace, at, wall_seconds, cpu_seconds, memory_gb_seconds, input_bytes, output_bytes, id from usage_corrections;

-- Rows of the ledger that no billing event holds yet; written with them, taken with the event that holds them.
create table unbilled (
  id bigint generated always as identity primary key,
  workspace text not null,
  cpu_seconds double precision not null,
  memory_gb_seconds double precision not null
);

create table billing_events (
  -- UUIDv5 of workspace, SKU and start.
  uuid uuid primary key,
  workspace text not null,
  sku text not null,
  event_start timestamptz not null,
  event_end timestamptz not null,
  quantity double precision not null
);
create index billing_events_by_workspace on billing_events (workspace, event_start);

-- Of workspaces with a budget: what of it is used in this month.
create table budget_states (
  workspace text primary key,
  month date not null,
  cpu_seconds double precision not null,
  memory_gb_seconds double precision not null,
  -- Per cent that was told: 0, 80, 100.
  level smallint not null,
  at timestamptz not null default now()
);

-- Workspaces for which nothing new begins, and why.
create view held_workspaces as
select name as workspace,
  case state when 'suspended' then 'the workspace is suspended' || coalesce(': ' || reason, '') else 'the workspace is deleted' end as reason
from workspaces where state <> 'active'
union all
select workspace, 'the budget of the workspace for ' || to_char(month, 'YYYY-MM') || ' is used up' from budget_states
where level >= 100 and month = date_trunc('month', now() at time zone 'utc')::date;
`,
};
