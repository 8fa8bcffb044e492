/** Decisions that refused somebody or crossed workspaces, and the seals of their chain. Rows are added and never changed, by nobody. */
export const audit = {
  version: 22,
  name: 'audit',
  sql: `
create table audit (
  seq bigint generated always as identity primary key,
  at timestamptz(3) not null,
  -- Of what was asked for; null: of none in particular.
  workspace text,
  -- Of the token; null: there was none that counts.
  caller text,
  principal text not null,
  action text not null,
  allowed boolean not null,
  reason text,
  method text,
  -- Path that was asked for, without its query.
  target text,
  request text,
  address text,
  -- So many like it within a second; those have no method, target and request.
  times integer not null default 1
);
create index audit_by_workspace on audit (workspace, seq);

-- digest = sha256(digest of the seal before, number, last_seq, all rows after the last_seq before and up to this one).
create table audit_seals (
  number bigint primary key,
  at timestamptz(3) not null,
  last_seq bigint not null,
  entries integer not null,
  digest bytea not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed', tg_table_name using errcode = 'insufficient_privilege';
end $$;
-- By row: what restores a copy empties tables that are empty.
create trigger append_only before update or delete on audit for each row execute function refuse_change();
create trigger append_only before update or delete on audit_seals for each row execute function refuse_change();
create trigger never_emptied before truncate on audit for each statement execute function refuse_change();
create trigger never_emptied before truncate on audit_seals for each statement execute function refuse_change();

-- Whoever adds rows shares a lock until they are committed, before numbers are drawn: who has it alone for an instant knows that every number
-- below the highest is there or never will be.
create function share_audit_lock() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('audit', 0));
  return null;
end $$;
create trigger shares_lock before insert on audit for each statement execute function share_audit_lock();
`,
};
