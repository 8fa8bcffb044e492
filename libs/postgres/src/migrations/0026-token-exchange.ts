/** Tokens that were made of others by exchange (RFC 8693): they end with them. */
export const tokenExchange = {
  version: 26,
  name: 'token-exchange',
  sql: `
-- Ids of the tokens it was made of, one of the other: what revokes one of these revokes it.
alter table tokens add column ancestors uuid[] not null default '{}';
create index tokens_ancestors on tokens using gin (ancestors) where ancestors <> '{}';
`,
};
