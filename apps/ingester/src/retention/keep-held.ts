import { StepFinished } from '@runnel/contracts';
import type { Json } from '@runnel/cwl';
import { ObjectNotFound, readValue, type ObjectStore } from '@runnel/objects';
import { holdLabel, inTransaction } from '@runnel/postgres';
import { objectsIn, touchObjects } from '../objects/touch-objects.ts';
import type { NamedObject } from '../objects/touch-objects.ts';
import type { IngesterParts } from '../parts.ts';

const resultBytes = 16 * 1024 * 1024;
/** Objects that are touched in one transaction. */
const batchSize = 500;

/** Touches the intermediate objects of runs under a legal hold, so that nothing of them is ever unnamed for long. */
export async function keepHeld({ database, objects }: Pick<IngesterParts, 'database' | 'objects'>, now: Date): Promise<void> {
  const { rows } = await database.pool.query<{ run: string; workspace: string; inputs: Json }>(`
select r.id as run, coalesce(r.executing_workspace, r.workspace) as workspace, e.data -> 'inputs' as inputs
from runs r join events e on e.run_id = r.id and e.version = 1
where r.labels ? '${holdLabel}' and r.deleted_at is null`);
  for (const { run, workspace, inputs } of rows) {
    let named: NamedObject[] = objectsIn(workspace, inputs);
    for await (const { key } of objects.list(`${workspace}/attempts/${run}/`)) {
      named.push(...objectsIn(workspace, await readOutputs(objects, key)));
      if (named.length < batchSize) continue;
      const batch = named;
      named = [];
      await inTransaction(database, (tx) => touchObjects(tx, batch, now));
    }
    await inTransaction(database, (tx) => touchObjects(tx, named, now));
  }
}

async function readOutputs(objects: ObjectStore, key: string): Promise<Json> {
  try {
    const parsed = StepFinished.schema.safeParse(await readValue(objects, key, resultBytes));
    return parsed.success ? parsed.data.outputs : null;
  } catch (error) {
    // Cut short by a power failure, or gone meanwhile.
    if (error instanceof ObjectNotFound || error instanceof SyntaxError) return null;
    throw error;
  }
}
