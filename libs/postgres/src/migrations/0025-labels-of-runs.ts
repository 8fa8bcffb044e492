/** A page of a list of runs is read along an index also where it is filtered by a label, or by process and phase, however few runs those are. */
export const labelsOfRuns = {
  version: 25,
  name: 'labels-of-runs',
  sql: `
create table run_labels (
  -- Both of a run: whose it is, and where it executes.
  workspace text not null,
  name text not null,
  value text not null,
  created_at timestamptz not null,
  run_id uuid not null,
  primary key (workspace, name, value, created_at, run_id)
);

-- By triggers: whoever writes, of whichever release, forgets none. With the owner's rights: those who write need none of their own.
create function keep_run_labels() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    delete from run_labels l using jsonb_each_text(old.labels) label
    where l.workspace in (old.workspace, old.executing_workspace) and l.name = label.key and l.value = label.value
      and l.created_at = old.created_at and l.run_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into run_labels (workspace, name, value, created_at, run_id)
    select distinct place, label.key, label.value, new.created_at, new.id
    from unnest(array[new.workspace, new.executing_workspace]) place, jsonb_each_text(new.labels) label where place is not null;
  end if;
  return null;
end $$;
create trigger labelled after insert on runs for each row when (new.labels <> '{}') execute function keep_run_labels();
create trigger relabelled after update of labels on runs for each row when (old.labels <> new.labels) execute function keep_run_labels();
create trigger unlabelled after delete on runs for each row when (old.labels <> '{}') execute function keep_run_labels();

insert into run_labels (workspace, name, value, created_at, run_id)
select distinct place, label.key, label.value, r.created_at, r.id
from runs r, unnest(array[r.workspace, r.executing_workspace]) place, jsonb_each_text(r.labels) label where r.labels <> '{}' and place is not null;

-- Nothing is found by it any more.
drop index runs_by_label;

-- Of one process in any phase: six places of this one, side by side.
create index runs_by_process_and_phase on runs (workspace, process_id, phase, created_at desc, id desc);
drop index runs_by_process;
`,
};
