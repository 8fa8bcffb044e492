import type { DataOf, StepFinished } from '@runnel/contracts';
import { resolveValue } from '@runnel/engine';
import type { Json } from '@runnel/cwl';
import { ObjectNotFound, readValue, type ObjectStore } from '@runnel/objects';
import { inTransaction, query, type Database, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { objectsIn, touchObjects, type NamedObject } from '../objects/touch-objects.ts';

export type FinishedStep = DataOf<typeof StepFinished>;

/** One attempt's line in the ledger, and the objects it made. */
export interface UsageEntry {
  step: FinishedStep;
  objects: NamedObject[];
}

/** Bytes of one stored output. */
const largestValue = 256 * 1024 * 1024;

/** Reads what of the step's outputs is stored, to know all objects it names. */
export async function usageEntryOf(objects: ObjectStore, step: FinishedStep): Promise<UsageEntry> {
  const read = (key: string) => readValue(objects, key, largestValue) as Promise<Json>;
  const outputs = await resolveValue(step.outputs, read).catch((error: unknown) => {
    // A stored value that is gone names nothing any more.
    if (error instanceof ObjectNotFound) return step.outputs;
    throw error;
  });
  return { step, objects: objectsIn(step.workspace, outputs) };
}

/** Writes attempts into the ledger, each once (its key), with what of them is to be billed, and keeps their objects from the garbage collection. */
export async function recordUsage(database: Database, entries: readonly UsageEntry[], now: Date): Promise<void> {
  await inTransaction(database, async (tx) => {
    await insertUsage(
      tx,
      entries.map(({ step }) => step),
    );
    await touchObjects(
      tx,
      entries.flatMap(({ objects }) => objects),
      now,
    );
    crashPoint('ingester.usage.before-commit');
  });
  crashPoint('ingester.usage.after-commit');
}

async function insertUsage(tx: Transaction, steps: readonly FinishedStep[]): Promise<void> {
  const column = <Value>(pick: (step: FinishedStep) => Value): Value[] => steps.map(pick);
  await query(tx, {
    name: 'insert-usage',
    text: `
with added as (
  insert into usage (run_id, step, attempt, workspace, wall_seconds, cpu_seconds, max_memory_bytes, cores, memory_mib, input_bytes,
    output_bytes, started_at, finished_at)
  select * from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[],
    $10::float8[], $11::float8[], $12::timestamptz[], $13::timestamptz[])
  on conflict (run_id, step, attempt) do nothing
  returning workspace, wall_seconds, cpu_seconds, cores, max_memory_bytes, memory_mib
)
insert into unbilled (workspace, cpu_seconds, memory_gb_seconds)
select workspace, sum(greatest(cpu_seconds, cores * wall_seconds)),
  sum(greatest(max_memory_bytes, memory_mib * 1048576) / 1e9 * wall_seconds)
from added group by workspace`,
    values: [
      column(({ run }) => run),
      column(({ step }) => step),
      column(({ attempt }) => attempt),
      column(({ workspace }) => workspace),
      column(({ usage }) => usage.wallSeconds),
      column(({ usage }) => usage.cpuSeconds),
      column(({ usage }) => usage.maxMemoryBytes),
      column(({ usage }) => usage.cores),
      column(({ usage }) => usage.memoryMiB),
      column(({ usage }) => usage.inputBytes),
      column(({ usage }) => usage.outputBytes),
      column(({ startedAt }) => startedAt),
      column(({ finishedAt }) => finishedAt),
    ],
  });
}
