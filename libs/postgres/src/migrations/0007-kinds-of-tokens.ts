/** Tokens of several kinds: keys of people and of service accounts, sessions, and what gets the next session. */
export const kindsOfTokens = {
  version: 7,
  name: 'kinds-of-tokens',
  sql: `
-- key, service (account), session, refresh (gets sessions, nothing else).
alter table tokens add column kind text not null default 'key';
-- Whose: a user's id or a service account's name.
alter table tokens add column owner text;
`,
};
