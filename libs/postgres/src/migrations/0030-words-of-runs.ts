/** Runs are found by a text in their name or their labels, however few have it. Both extensions come with Postgres; an owner of the database may add them. */
export const wordsOfRuns = {
  version: 30,
  name: 'words-of-runs',
  sql: `
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create table run_words (
  -- Both of a run: whose it is, and where it executes.
  workspace text not null,
  created_at timestamptz not null,
  run_id uuid not null,
  -- Its name and the values of its labels, in small letters, one a line.
  words text not null,
  primary key (workspace, created_at, run_id)
);
create index run_words_by_text on run_words using gin (workspace, words gin_trgm_ops);

create function words_of_run(name text, labels jsonb) returns text language sql immutable as $$
  select lower(concat_ws(E'\\n', name, (select string_agg(value, E'\\n' order by key) from jsonb_each_text(labels))))
$$;

-- By triggers, with the owner's rights, as run_labels: no writer forgets it. A run without a name and labels has no row.
create function keep_run_words() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    delete from run_words where workspace in (old.workspace, old.executing_workspace) and created_at = old.created_at and run_id = old.id;
  end if;
  if tg_op <> 'DELETE' and (new.name is not null or new.labels <> '{}') then
    insert into run_words (workspace, created_at, run_id, words)
    select distinct place, new.created_at, new.id, words_of_run(new.name, new.labels)
    from unnest(array[new.workspace, new.executing_workspace]) place where place is not null;
  end if;
  return null;
end $$;
create trigger worded after insert on runs for each row
when (new.name is not null or new.labels <> '{}') execute function keep_run_words();
create trigger reworded after update of name, labels on runs for each row
when (old.name is distinct from new.name or old.labels <> new.labels) execute function keep_run_words();
create trigger unworded after delete on runs for each row
when (old.name is not null or old.labels <> '{}') execute function keep_run_words();

insert into run_words (workspace, created_at, run_id, words)
select distinct place, r.created_at, r.id, words_of_run(r.name, r.labels)
from runs r, unnest(array[r.workspace, r.executing_workspace]) place where (r.name is not null or r.labels <> '{}') and place is not null;
`,
};
