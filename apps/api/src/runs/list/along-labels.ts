import type { RunStatus } from '@runnel/contracts';
import { runColumns } from '../run-row.ts';
import { boundsOf, conditionsOf, mostBeside, orderOf, pageOf, sieve, unique, type Bind, type ListFilter } from './conditions.ts';

export type Label = readonly [name: string, value: string];

/** Of rows of labels: all open runs share one. */
const states = ['open', 'successful', 'failed', 'dismissed'];

/**
 * Run by run in the order of the first label's rows, those of each state, and of each process that is asked for, one beside the other. The limit
 * within keeps the database from joining whole tables and sorting them.
 */
export function alongLabels(filter: ListFilter, [first, ...others]: readonly [Label, ...Label[]], bind: Bind): string {
  const { phases, processes, limit, skip = 0 } = filter;
  const workspace = `${bind(filter.workspace)}::text`;
  const has = (table: string, [name, value]: Label): string =>
    `${table}.workspace = ${workspace} and ${filter.executing === true ? '' : 'not '}${table}.executing
and ${table}.name = ${bind(name)}::text and ${table}.value = ${bind(value)}::text`;
  // Each side in the state of the place, not of the other: both can be read as wholes where few or many runs have both labels.
  const joined = others.map(
    (label, n) =>
      `join run_labels o${n} on o${n}.created_at = l.created_at and o${n}.run_id = l.run_id and o${n}.state = p.state and ${has(`o${n}`, label)}`,
  );
  const among = processes !== undefined && processes.length <= mostBeside ? processes : undefined;
  const places = [
    `unnest(${bind(unique(phases?.map(stateOf) ?? states))}::text[]) p (state)`,
    ...(among ? [`unnest(${bind(unique(among))}::text[]) q (process)`] : []),
  ];
  const where = [
    has('l', first),
    'l.state = p.state',
    ...(among ? ['l.process_id = q.process'] : []),
    ...boundsOf(filter, 'l.created_at', 'l.run_id', bind),
  ];
  const conditions = ['id = l.run_id', ...conditionsOf(filter, bind), ...sieve(filter, bind)];
  return `select b.* from ${places.join(' cross join ')}
cross join lateral (select r.* from run_labels l ${joined.join(' ')}
cross join lateral (select ${runColumns} from runs where ${conditions.join(' and ')} limit 1) r
where ${where.join(' and ')} order by ${orderOf(filter, 'l.created_at', 'l.run_id')} limit ${bind(limit + skip)}::int) b
order by ${orderOf(filter, '"createdAt"', 'id')} ${pageOf(filter, bind)}`;
}

const stateOf = (phase: RunStatus): string => (states.includes(phase) ? phase : 'open');
