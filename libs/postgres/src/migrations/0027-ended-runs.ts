/** Whoever remembers a run that has ended hears of each change of it, whichever service makes it. */
export const endedRuns = {
  version: 27,
  name: 'ended-runs',
  sql: `
-- Rare: after its end a run is named, labelled, marked or deleted.
create function tell_ended_run_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('ended_run_changed', old.id::text);
  return null;
end $$;
create trigger ended_run_changed after update or delete on runs
for each row when (old.finished_at is not null) execute function tell_ended_run_changed();
`,
};
