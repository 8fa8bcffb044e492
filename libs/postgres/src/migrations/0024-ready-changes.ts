/** Which rows of ready_nodes changed, so that the admitter need not read all of them in each round (ADR 0017). */
export const readyChanges = {
  version: 24,
  name: 'ready-changes',
  sql: `
-- Lost with the server's connections, and then all is read anew.
create unlogged table ready_changes (
  tx xid8 not null default pg_current_xact_id(),
  run_id uuid not null,
  -- null: all nodes of the run.
  node text
);
create index ready_changes_by_tx on ready_changes (tx);

-- By triggers: whoever writes, of whichever release, forgets none. With the owner's rights: those who write need none of their own.
create function note_ready_change() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    insert into ready_changes (run_id, node) values (old.run_id, old.node);
  else
    insert into ready_changes (run_id, node) values (new.run_id, new.node);
  end if;
  return null;
end $$;
create trigger noted after insert or delete or update of count, cores, memory_mib, since, workspace on ready_nodes
  for each row execute function note_ready_change();

create function note_ready_change_of_run() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into ready_changes (run_id) values (new.id);
  return null;
end $$;
create trigger noted_share after update of priority, weight on runs for each row
  when (old.priority <> new.priority or old.weight <> new.weight) execute function note_ready_change_of_run();
`,
};
