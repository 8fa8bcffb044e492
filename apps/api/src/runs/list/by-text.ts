import type { Database } from '@runnel/postgres';
import { runColumns } from '../run-row.ts';
import { boundsOf, conditionsOf, orderOf, pageOf, sieve, type Bind, type ListFilter } from './conditions.ts';

/** Characters of a run's id that name it: fewer begin the ids of many. */
const fewestOfId = 8;

/** The runs that have a text in name or label, in the order of the list or, where few do, by the index of such texts. */
export function alongWords(filter: ListFilter, text: string, bind: Bind): string {
  const conditions = [
    'id = w.run_id',
    ...conditionsOf(filter, bind),
    ...sieve(filter, bind),
    ...(filter.labels === undefined ? [] : [`labels @> ${bind(JSON.stringify(filter.labels))}::jsonb`]),
  ];
  const where = [
    `w.workspace = ${bind(filter.workspace)}::text`,
    `w.words like ${bind(`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`)}::text`,
    ...boundsOf(filter, 'w.created_at', 'w.run_id', bind),
  ];
  return `select r.* from run_words w cross join lateral (select ${runColumns} from runs where ${conditions.join(' and ')} limit 1) r
where ${where.join(' and ')} order by ${orderOf(filter, 'w.created_at', 'w.run_id')} ${pageOf(filter, bind)}`;
}

/** The processes of a workspace's runs that have the text in their name: one look at the index for each process, however many runs it has. */
export async function processesWith({ pool }: Pick<Database, 'pool'>, workspace: string, text: string): Promise<string[]> {
  const { rows } = await pool.query<{ process: string }>({
    name: 'processes-with-text',
    text: `
with recursive known (process) as (
  select min(process_id) from runs where workspace = $1
  union all
  select (select min(process_id) from runs where workspace = $1 and process_id > process) from known where process is not null
)
select process from known where strpos(lower(process), $2) > 0`,
    values: [workspace, text],
  });
  return rows.map(({ process }) => process);
}

/** The ids that begin with the text; undefined where it is no such beginning. */
export function idsThatBegin(text: string): readonly [from: string, to: string] | undefined {
  if (text.length < fewestOfId || !/^[0-9a-f-]+$/.test(text)) return undefined;
  const filled = (digit: string): string => text + '########-####-####-####-############'.slice(text.length).replaceAll('#', digit);
  const from = filled('0');
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(from) ? [from, filled('f')] : undefined;
}
