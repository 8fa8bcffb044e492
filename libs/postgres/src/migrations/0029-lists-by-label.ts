/** A page of the runs with a label is read along an index also where they are filtered by process or by phase, however few pass. */
export const listsByLabel = {
  version: 29,
  name: 'lists-by-label',
  sql: `
-- Made anew: the place in the key is the state's, else the database would pass over the rows of all others.
drop table run_labels;
create table run_labels (
  workspace text not null,
  -- Whether the workspace is where the run executes; else the one whose run it is.
  executing boolean not null,
  name text not null,
  value text not null,
  state text not null,
  process_id text not null,
  created_at timestamptz not null,
  run_id uuid not null,
  primary key (workspace, executing, name, value, state, created_at, run_id)
);

-- Of a run that has ended its phase; all others share one, so that a row is written once more only.
create function state_of_labels(phase text) returns text language sql immutable as $$
  select case when phase in ('successful', 'failed', 'dismissed') then phase else 'open' end
$$;

create or replace function keep_run_labels() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    delete from run_labels l using jsonb_each_text(old.labels) label
    where ((l.workspace = old.workspace and not l.executing) or (l.workspace = old.executing_workspace and l.executing))
      and l.name = label.key and l.value = label.value and l.state = state_of_labels(old.phase)
      and l.created_at = old.created_at and l.run_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into run_labels (workspace, executing, name, value, state, process_id, created_at, run_id)
    select place, executing, label.key, label.value, state_of_labels(new.phase), new.process_id, new.created_at, new.id
    from (values (new.workspace, false), (new.executing_workspace, true)) places (place, executing), jsonb_each_text(new.labels) label
    where place is not null;
  end if;
  return null;
end $$;
create trigger labelled_ended after update of phase on runs for each row
when (state_of_labels(old.phase) <> state_of_labels(new.phase) and new.labels <> '{}' and old.labels = new.labels) execute function keep_run_labels();

insert into run_labels (workspace, executing, name, value, state, process_id, created_at, run_id)
select place, executing, label.key, label.value, state_of_labels(r.phase), r.process_id, r.created_at, r.id
from runs r, lateral (values (r.workspace, false), (r.executing_workspace, true)) places (place, executing), jsonb_each_text(r.labels) label
where r.labels <> '{}' and place is not null;
create index run_labels_by_process on run_labels (workspace, executing, name, value, process_id, state, created_at, run_id);
`,
};
