import type { RunStatus } from '@runnel/contracts';
import { runColumns } from '../run-row.ts';
import { boundsOf, conditionsOf, mostBeside, orderOf, pageOf, sieve, unique, type Bind, type ListFilter } from './conditions.ts';

export type Label = readonly [name: string, value: string];

/** Of rows of labels: all open runs share one. */
const states = ['open', 'successful', 'failed', 'dismissed'];

/**
 * Run by run in the order of the first label's rows, or of those of it that are of a process or in a state, one beside the other: the limit within
 * keeps the database from joining whole tables and sorting them.
 */
export function alongLabels(filter: ListFilter, [first, ...others]: readonly [Label, ...Label[]], bind: Bind): string {
  const { limit, skip = 0 } = filter;
  const workspace = `${bind(filter.workspace)}::text`;
  const has = (table: string, [name, value]: Label): string =>
    `${table}.workspace = ${workspace} and ${table}.name = ${bind(name)}::text and ${table}.value = ${bind(value)}::text`;
  const joined = others.map(
    (label, n) => `join run_labels o${n} on o${n}.created_at = l.created_at and o${n}.run_id = l.run_id and ${has(`o${n}`, label)}`,
  );
  const conditions = ['id = l.run_id', ...conditionsOf(filter, bind), ...sieve(filter, bind)];
  const where = [has('l', first), ...boundsOf(filter, 'l.created_at', 'l.run_id', bind)];
  const read = (more: readonly string[]): string => `select r.* from run_labels l ${joined.join(' ')}
cross join lateral (select ${runColumns} from runs where ${conditions.join(' and ')} limit 1) r
where ${[...where, ...more].join(' and ')} order by ${orderOf(filter, 'l.created_at', 'l.run_id')}`;
  const { places, within } = placesOf(filter, bind);
  if (places.length === 0) return `${read([])} ${pageOf(filter, bind)}`;
  return `select b.* from ${places.join(' cross join ')}
cross join lateral (${read(within)} limit ${bind(limit + skip)}::int) b order by ${orderOf(filter, '"createdAt"', 'id')} ${pageOf(filter, bind)}`;
}

function placesOf({ phases, processes }: ListFilter, bind: Bind): { places: string[]; within: string[] } {
  const among = processes !== undefined && processes.length <= mostBeside ? processes : undefined;
  if (phases === undefined && among === undefined) return { places: [], within: [] };
  return {
    places: [
      `unnest(${bind(unique(phases?.map(stateOf) ?? states))}::text[]) p (state)`,
      ...(among ? [`unnest(${bind(unique(among))}::text[]) q (process)`] : []),
    ],
    within: ['l.state = p.state', ...(among ? ['l.process_id = q.process'] : [])],
  };
}

const stateOf = (phase: RunStatus): string => (states.includes(phase) ? phase : 'open');
