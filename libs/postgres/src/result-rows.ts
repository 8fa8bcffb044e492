import type { Write } from './write-together.ts';

/** What the table `results` holds of a run: all its outputs in one row, whose `output` is ''. */
export interface ResultRow {
  readonly run: string;
  readonly workspace: string;
  /** By id. */
  readonly outputs: object;
  readonly publishedAt: string;
}

/** Natural keys: a repetition changes nothing. */
export function resultWrites(rows: readonly ResultRow[]): Write[] {
  if (rows.length === 0) return [];
  return [
    {
      name: 'insert-results',
      text: `
insert into results (run_id, output, workspace, value, published_at)
select run, '', workspace, outputs, at from unnest($1::uuid[], $2::text[], $3::json[], $4::timestamptz[]) as r (run, workspace, outputs, at)
on conflict (run_id, output) do nothing`,
      values: [
        rows.map(({ run }) => run),
        rows.map(({ workspace }) => workspace),
        rows.map(({ outputs }) => JSON.stringify(outputs)),
        rows.map(({ publishedAt }) => publishedAt),
      ],
    },
  ];
}
