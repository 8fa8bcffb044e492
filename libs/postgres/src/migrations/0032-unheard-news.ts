/** What the harvester told stays here until what came of each of its files is known: a stream may be lost, or a database restored without it. */
export const unheardNews = {
  version: 32,
  name: 'unheard-news',
  sql: `
create table unheard_news (
  -- Of the message: told again, it is the same one.
  id uuid primary key,
  workspace text not null,
  repository text not null,
  branch text not null,
  commit text not null,
  paths text[] not null,
  subject text not null,
  headers jsonb not null,
  payload text not null,
  times smallint not null default 1,
  told_at timestamptz not null default now()
);
`,
};
