/** A page of the runs with a label is read along an index also where they are filtered by process or by phase, however few pass. */
export const listsByLabel = {
  version: 29,
  name: 'lists-by-label',
  sql: `
-- state: of a run that has ended its phase, else 'open', so that a row is written once more only.
alter table run_labels add column process_id text not null default '', add column state text not null default 'open';
update run_labels l set process_id = r.process_id, state = case when r.phase in ('successful', 'failed', 'dismissed') then r.phase else 'open' end
from runs r where r.id = l.run_id;
create index run_labels_by_process on run_labels (workspace, name, value, process_id, state, created_at, run_id);
create index run_labels_by_state on run_labels (workspace, name, value, state, created_at, run_id);

create or replace function keep_run_labels() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    delete from run_labels l using jsonb_each_text(old.labels) label
    where l.workspace in (old.workspace, old.executing_workspace) and l.name = label.key and l.value = label.value
      and l.created_at = old.created_at and l.run_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into run_labels (workspace, name, value, created_at, run_id, process_id, state)
    select distinct place, label.key, label.value, new.created_at, new.id, new.process_id,
      case when new.phase in ('successful', 'failed', 'dismissed') then new.phase else 'open' end
    from unnest(array[new.workspace, new.executing_workspace]) place, jsonb_each_text(new.labels) label where place is not null;
  end if;
  return null;
end $$;

create function end_run_labels() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update run_labels l set state = new.phase from jsonb_each_text(new.labels) label
  where l.workspace in (new.workspace, new.executing_workspace) and l.name = label.key and l.value = label.value
    and l.created_at = new.created_at and l.run_id = new.id;
  return null;
end $$;
create trigger labelled_ended after update of phase on runs for each row
when (old.phase <> new.phase and new.labels <> '{}' and new.phase in ('successful', 'failed', 'dismissed')) execute function end_run_labels();
`,
};
