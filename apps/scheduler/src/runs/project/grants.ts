import type { Write } from '@runnel/postgres';
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

/** Takes the rows of these grants with the events they lead to. Its check throws GrantsGone. */
export function grantWrites(news: readonly News[]): Write[] {
  const ids = news.flatMap((item) => (item.grant ? [item.grant.id] : []));
  if (ids.length === 0) return [];
  return [
    {
      name: 'take-grants',
      text: 'delete from grants where id = any($1::bigint[]) returning id',
      values: [ids],
      check: (rows) => {
        const taken = new Set(rows.map((row) => row['id'] as string));
        const gone = new Set(ids.filter((id) => !taken.has(id)));
        if (gone.size > 0) throw new GrantsGone(gone);
      },
    },
  ];
}
