/** Events from outside, what was refused of them, triggers, and what triggers did. Firings and crons are timers (rule 11): due, claimed by one api. */
export const eventsAndTriggers = {
  version: 12,
  name: 'events-and-triggers',
  sql: `
-- The key is what makes a second copy of an event the same event.
create table cloud_events (
  workspace text not null,
  source text not null,
  id text not null,
  type text not null,
  -- http, a pipeline, runnel
  via text not null,
  attributes json not null,
  data json,
  -- How many runs led to it, one after the other.
  depth smallint not null,
  received_at timestamptz not null default now(),
  primary key (workspace, source, id)
);
create index cloud_events_by_time on cloud_events (workspace, received_at);

create table refused_events (
  id bigint generated always as identity primary key,
  workspace text not null,
  via text not null,
  reason text not null,
  -- Its beginning, as it came.
  body text not null,
  received_at timestamptz not null default now()
);
create index refused_events_by_workspace on refused_events (workspace, id);

create table triggers (
  id uuid primary key,
  workspace text not null,
  name text not null,
  -- event, cron, after
  kind text not null,
  definition json not null,
  enabled boolean not null,
  principal text not null,
  created_at timestamptz not null,
  -- Of a cron: when it is next due. Of one that waits for runs: until when their ends were looked at.
  due_at timestamptz,
  -- Of one that waits for all of several: the end of the last run that was counted.
  since timestamptz,
  -- Why a person should look: a loop that was stopped, a process that is gone.
  attention text,
  unique (workspace, name)
);
create index triggers_due on triggers (due_at) where enabled and due_at is not null;
create index triggers_by_kind on triggers (workspace, kind) where enabled;

create table trigger_firings (
  trigger_id uuid not null references triggers on delete cascade deferrable initially deferred,
  -- The event, and the element of a list in it: once per trigger.
  source text not null,
  event_id text not null,
  item integer not null,
  workspace text not null,
  depth smallint not null,
  -- pending, started, refused, stopped
  outcome text not null default 'pending',
  reason text,
  run_id uuid,
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  at timestamptz not null default now(),
  primary key (trigger_id, source, event_id, item)
);
create index trigger_firings_due on trigger_firings (due_at) where outcome = 'pending';
create index trigger_firings_by_run on trigger_firings (run_id) where run_id is not null;
create index trigger_firings_by_time on trigger_firings (trigger_id, at);

-- What ended lately, for triggers that wait for other runs.
create index runs_by_end on runs (workspace, finished_at) where finished_at is not null;
`,
};
