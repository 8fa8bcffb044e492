import type { JsonObject } from '@runnel/cwl';
import { putValue } from '@runnel/objects';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';

/** What a run goes on from. */
export interface ResumedRun {
  readonly run: string;
  /** As that run got them; what is stored is read. */
  readonly inputs: JsonObject;
  /** Of its steps that ended well and may be reused, by what they did. */
  readonly results: readonly { readonly step: string; readonly attempt: number; readonly key: string }[];
}

/** Steps of a run that ended well and whose result may be taken by another run. */
export async function reusableSteps({ database }: Pick<ApiContext, 'database'>, run: string): Promise<ResumedRun['results']> {
  const { rows } = await database.pool.query<{ step: string; attempt: number; key: string }>({
    name: 'reusable-steps',
    text: `select step, attempt, reuse_key as key from steps where run_id = $1 and state = 'successful' and reuse_key is not null order by step`,
    values: [run],
  });
  return rows;
}

/** Writes for the executors where the results are; theirs of the new run, since it goes with that one. */
export async function storeResults(
  { objects }: Pick<ApiContext, 'objects'>,
  workspace: string,
  run: string,
  { run: before, results }: ResumedRun,
): Promise<{ run: string; results: string }> {
  const key = `${workspace}/values/${run}/@reuse.json`;
  const places = results.map((result) => [result.key, `${workspace}/attempts/${before}/${result.step}/${result.attempt}/result.json`]);
  crashPoint('api.resume.before-put');
  await putValue(objects, key, Object.fromEntries(places));
  crashPoint('api.resume.after-put');
  return { run: before, results: key };
}
