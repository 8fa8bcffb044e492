import { query } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import type { News } from '../news.ts';

/** Another scheduler took these grants, and appended what this one has not seen. */
export class GrantsGone extends Error {
  override readonly name = 'GrantsGone';
  readonly ids: ReadonlySet<string>;

  constructor(ids: ReadonlySet<string>) {
    super(`grants ${[...ids].join(', ')} were taken by another scheduler`);
    this.ids = ids;
  }
}

/** Takes the rows of these grants with the events they lead to. Rejects with GrantsGone; the transaction is then of no use. */
export async function takeGrants(tx: Transaction, news: readonly News[]): Promise<void> {
  const ids = news.flatMap((item) => (item.grant ? [item.grant.id] : []));
  if (ids.length === 0) return;
  const { rows } = await query<{ id: string }>(tx, {
    name: 'take-grants',
    text: 'delete from grants where id = any($1::bigint[]) returning id',
    values: [ids],
  });
  const gone = new Set(ids).difference(new Set(rows.map((row) => row.id)));
  if (gone.size > 0) throw new GrantsGone(gone);
}
