import { RunStatus } from '@runnel/contracts';
import { runColumns } from '../run-row.ts';
import { boundsOf, conditionsOf, mostBeside, orderOf, pageOf, unique, type Bind, type ListFilter } from './conditions.ts';

/** In the order of the list; processes and phases one beside the other, each along an index of its own. */
export function alongRuns(filter: ListFilter, bind: Bind): string {
  const { phases, processes, limit, skip = 0 } = filter;
  const page = pageOf(filter, bind);
  const among = processes !== undefined && isLedByProcess(filter, processes) ? processes : undefined;
  const where = [
    ...conditionsOf(filter, bind),
    ...boundsOf(filter, 'created_at', 'id', bind),
    ...(processes === undefined || among ? [] : [`process_id = any(${bind(processes)}::text[])`]),
  ];
  const read = (more: readonly string[]): string =>
    `select ${runColumns} from runs where ${[...where, ...more].join(' and ')} order by ${orderOf(filter, 'created_at', 'id')}`;
  if (phases === undefined && among === undefined) return `${read([])} ${page}`;
  const places = [
    `unnest(${bind(unique(phases ?? RunStatus.options))}::text[]) p (phase)`,
    ...(among ? [`unnest(${bind(unique(among))}::text[]) q (process)`] : []),
  ];
  return `select r.* from ${places.join(' cross join ')}
cross join lateral (${read(['phase = p.phase', ...(among ? ['process_id = q.process'] : [])])} limit ${bind(limit + skip)}::int) r
order by ${orderOf(filter, '"createdAt"', 'id')} ${page}`;
}

/** Names and ids lead to fewer runs; what executes elsewhere has no such index. */
const isLedByProcess = ({ name, ids, executing }: ListFilter, processes: readonly string[]): boolean =>
  name === undefined && ids === undefined && executing !== true && processes.length <= mostBeside;
