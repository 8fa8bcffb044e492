import { StepFinished } from '@runnel/contracts';
import { ObjectNotFound, readValue, type ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import { recordUsage, usageEntryOf, type FinishedStep } from './record-usage.ts';

interface MissedStep {
  run: string;
  step: string;
  key: string;
}

/** Steps in one transaction. */
const batchSize = 200;
/** Bytes of a result object. */
const largestResult = 16 * 1024 * 1024;

/**
 * Writes into the ledger what its messages did not bring, because the streams were lost: the steps that ended, by their result objects. Looks at
 * the runs that are open or were accepted since `acceptedSince`; `seconds`: how long a message may be on its way. Returns how many it wrote.
 */
export async function recordMissed(
  parts: { database: Database; objects: ObjectStore },
  options: { acceptedSince: Date; seconds: number; now: Date },
): Promise<number> {
  let written = 0;
  for (let last: MissedStep | undefined; ;) {
    const missed = await findMissed(parts.database, options, last);
    const found = await Promise.all(missed.map(({ key }) => readResult(parts.objects, key)));
    const steps = found.filter((step) => step !== undefined);
    const entries = await Promise.all(steps.map((step) => usageEntryOf(parts.objects, step)));
    if (entries.length > 0) await recordUsage(parts.database, entries, options.now);
    written += entries.length;
    last = missed.at(-1);
    if (missed.length < batchSize) return written;
  }
}

async function findMissed(
  { pool }: Database,
  { acceptedSince, seconds }: { acceptedSince: Date; seconds: number },
  last: MissedStep | undefined,
): Promise<MissedStep[]> {
  const { rows } = await pool.query<MissedStep>({
    name: 'missed-usage',
    text: `
select s.run_id as run, s.step, s.result_key as key from steps s
where (s.run_id >= uuid_floor($1::timestamptz at time zone 'utc') or s.run_id in (select id from runs where not stopped))
  and s.result_key is not null and s.finished_at < now() - make_interval(secs => $2)
  and ($3::uuid is null or (s.run_id, s.step) > ($3, $4))
  and not exists (select from usage u where u.run_id = s.run_id and u.step = s.step and u.attempt = s.attempt)
order by s.run_id, s.step limit ${batchSize}`,
    values: [acceptedSince, seconds, last?.run ?? null, last?.step ?? ''],
  });
  return rows;
}

/** Undefined where it is gone or broken: then there is nothing to go by. */
async function readResult(objects: ObjectStore, key: string): Promise<FinishedStep | undefined> {
  try {
    return StepFinished.schema.safeParse(await readValue(objects, key, largestResult)).data;
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
