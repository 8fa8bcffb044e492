import type { Write } from '@runnel/postgres';

/** What names a run that a trigger is to start: its row is there once. */
export interface FiringKey {
  readonly trigger: string;
  readonly source: string;
  readonly event: string;
  /** Of a list in the event. */
  readonly item: number;
}

/** Somebody else started this run meanwhile. */
export class AlreadyFired extends Error {
  override readonly name = 'AlreadyFired';
}

/** Notes which runs were started, in the transaction that accepts them; refuses all of them where one was started before. */
export function noteStarted(started: readonly (FiringKey & { readonly run: string })[]): Write {
  return {
    name: 'note-started',
    text: `
update trigger_firings f set outcome = 'started', run_id = s.run, reason = null
from unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::uuid[]) as s (trigger, source, event, item, run)
where f.trigger_id = s.trigger and f.source = s.source and f.event_id = s.event and f.item = s.item and f.outcome = 'pending' returning 1 as one`,
    values: [
      started.map(({ trigger }) => trigger),
      started.map(({ source }) => source),
      started.map(({ event }) => event),
      started.map(({ item }) => item),
      started.map(({ run }) => run),
    ],
    check: (rows) => {
      if (rows.length < started.length) throw new AlreadyFired();
    },
  };
}
