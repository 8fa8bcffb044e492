import type { Database, Write } from '@runnel/postgres';
import type { Subscriber } from '../runs/wanted-results.ts';

export type CallbackKind = 'success' | 'failed' | 'inProgress' | `webhook:${string}`;

/** One message to one address, claimed for one attempt. */
export interface Callback {
  readonly run: string;
  readonly kind: CallbackKind;
  readonly workspace: string;
  readonly uri: string;
  readonly base: string;
  /** From 1. */
  readonly attempt: number;
}

/** Joins the transaction that accepts the run. */
export function insertCallbacks(
  run: string,
  workspace: string,
  { successUri, failedUri, inProgressUri }: Subscriber,
  base: string,
): Write[] {
  const kinds: [CallbackKind, string | undefined][] = [
    ['success', successUri],
    ['failed', failedUri],
    ['inProgress', inProgressUri],
  ];
  return kinds.flatMap(([kind, uri]) =>
    uri === undefined
      ? []
      : [
          {
            name: 'insert-callback',
            text: 'insert into callbacks (run_id, kind, workspace, uri, base, due_at) values ($1, $2, $3, $4, $5, now())',
            values: [run, kind, workspace, uri, base],
          },
        ],
  );
}

/** Seconds for which a claimed message belongs to who claimed it. */
const claimedFor = 120;

const claim = (which: string): string => `
update callbacks set due_at = now() + make_interval(secs => ${claimedFor}), attempts = attempts + 1
where (run_id, kind) in (
  select c.run_id, c.kind from callbacks c join runs r on r.id = c.run_id
  where c.done_at is null and c.due_at <= now()
    and (r.phase in ('successful', 'failed', 'dismissed') or (c.kind = 'inProgress' and r.started_at is not null))${which}
  order by c.due_at limit $1 for update of c skip locked
)
returning run_id as run, kind, workspace, uri, base, attempts as attempt`;

/** Claims so many messages that are due and whose run is so far; what comes of an attempt that is never reported is tried again. */
export async function claimCallbacks({ pool }: Pick<Database, 'pool'>, most: number): Promise<Callback[]> {
  return (await pool.query<Callback>({ name: 'claim-callbacks', text: claim(''), values: [most] })).rows;
}

/** Likewise of these runs only, however many others are under way. */
export async function claimCallbacksOf({ pool }: Pick<Database, 'pool'>, most: number, runs: readonly string[]): Promise<Callback[]> {
  const text = claim('\n    and c.run_id = any($2::uuid[])');
  return (await pool.query<Callback>({ name: 'claim-callbacks-of', text, values: [most, runs] })).rows;
}

/** The message is done with: told (no error), moot or given up. */
export async function endCallback({ pool }: Pick<Database, 'pool'>, { run, kind }: Callback, error: string | null): Promise<void> {
  await pool.query('update callbacks set done_at = now(), error = $3 where run_id = $1 and kind = $2', [run, kind, error]);
}

export async function retryCallback(
  { pool }: Pick<Database, 'pool'>,
  { run, kind }: Callback,
  error: string,
  seconds: number,
): Promise<void> {
  await pool.query('update callbacks set due_at = now() + make_interval(secs => $4), error = $3 where run_id = $1 and kind = $2', [
    run,
    kind,
    error,
    seconds,
  ]);
}
