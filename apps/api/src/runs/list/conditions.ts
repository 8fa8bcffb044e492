import type { RunFilter } from '../run-filter.ts';

/** What a statement asks for. `processText`: only runs with that in the name of their process; `idBetween`: only with such an id. */
export type ListFilter = Omit<RunFilter, 'text'> & {
  readonly processText?: string | undefined;
  readonly idBetween?: readonly [from: string, to: string] | undefined;
};

/** Takes a value of a statement and gives its place in the text. */
export type Bind = (value: unknown) => string;

const seconds = 'extract(epoch from coalesce(finished_at, now()) - started_at)';

/** On a row of `runs`; those on processes, phases and labels depend on what the list is read along. */
export function conditionsOf(filter: ListFilter, bind: Bind): string[] {
  const { ids, name, minDuration, maxDuration, processText, idBetween } = filter;
  return [
    `${filter.executing === true ? 'executing_workspace' : 'workspace'} = ${bind(filter.workspace)}::text`,
    'forgotten_at is null and deleted_at is null',
    ...(ids === undefined ? [] : [`id = any(${bind(ids)}::uuid[])`]),
    ...(name === undefined ? [] : [`name = ${bind(name)}::text`]),
    ...(processText === undefined ? [] : [`strpos(lower(process_id), ${bind(processText)}::text) > 0`]),
    ...(idBetween === undefined ? [] : [`id between ${bind(idBetween[0])}::uuid and ${bind(idBetween[1])}::uuid`]),
    ...(minDuration === undefined ? [] : [`${seconds} >= ${bind(minDuration)}::float8`]),
    ...(maxDuration === undefined ? [] : [`${seconds} <= ${bind(maxDuration)}::float8`]),
  ];
}

/** Of processes and phases, on each row that is read. */
export const sieve = ({ phases, processes }: ListFilter, bind: Bind): string[] => [
  ...(phases === undefined ? [] : [`phase = any(${bind(phases)}::text[])`]),
  ...(processes === undefined ? [] : [`process_id = any(${bind(processes)}::text[])`]),
];

/** Of what is asked for, what bounds the index along which a list is read. */
export function boundsOf(filter: ListFilter, createdAt: string, id: string, bind: Bind): string[] {
  const { createdFrom, createdTo } = filter;
  const edge = filter.before ?? filter.after;
  const side = isUpwards(filter) ? '>' : '<';
  return [
    ...(createdFrom === undefined ? [] : [`${createdAt} >= ${bind(createdFrom)}::timestamptz`]),
    ...(createdTo === undefined ? [] : [`${createdAt} <= ${bind(createdTo)}::timestamptz`]),
    ...(edge === undefined ? [] : [`(${createdAt}, ${id}) ${side} (${bind(edge.createdAt)}::timestamptz, ${bind(edge.id)}::uuid)`]),
  ];
}

/** In which a statement gives its rows: those before a place are read from there, and turned round afterwards. */
export const isUpwards = ({ before, ascending = false }: ListFilter): boolean => before !== undefined || ascending;

export const orderOf = (filter: ListFilter, createdAt: string, id: string): string =>
  isUpwards(filter) ? `${createdAt}, ${id}` : `${createdAt} desc, ${id} desc`;

export const pageOf = ({ limit, skip = 0 }: ListFilter, bind: Bind): string =>
  `limit ${bind(limit)}::int${skip === 0 ? '' : ` offset ${bind(skip)}::int`}`;

export const unique = <Value>(values: readonly Value[]): Value[] => [...new Set(values)];

/** So many processes are read one beside the other; among the runs of more than that the next one is never far. */
export const mostBeside = 16;
