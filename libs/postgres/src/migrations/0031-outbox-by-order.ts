/** Messages are claimed and deleted in their order alone: an index by id would be written for each of them and read by nobody. */
export const outboxByOrder = {
  version: 31,
  name: 'outbox-by-order',
  sql: `
alter table outbox drop constraint outbox_pkey;
drop index outbox_order;
alter table outbox add primary key (seq);
`,
};
