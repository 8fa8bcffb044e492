import { stored, type RunValues } from '@runnel/engine';
import { putValue, type ObjectStore } from '@runnel/objects';
import { crashPoint } from '@runnel/service';
import type { AttemptId } from './attempt.ts';

/** Bytes of JSON that an attempt's outputs may take in a message (rule 12 of the design: values above are objects). */
const inlineBytes = 256 * 1024;

/** Replaces the largest outputs by stored references until the rest fits a message. */
export async function storeLargeOutputs(store: ObjectStore, id: AttemptId, outputs: RunValues): Promise<RunValues> {
  const sized = Object.entries(outputs).map(([name, value]) => ({ name, value, bytes: Buffer.byteLength(JSON.stringify(value)) }));
  let total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= inlineBytes) return outputs;
  const kept = { ...outputs };
  for (const { name, value, bytes } of sized.sort((a, b) => b.bytes - a.bytes)) {
    if (total <= inlineBytes) break;
    const key = `${id.workspace}/values/${id.run}/${id.step}/${id.attempt}/${name}.json`;
    crashPoint('executor.value.before-put');
    await putValue(store, key, value);
    crashPoint('executor.value.after-put');
    kept[name] = stored({ key, ...(Array.isArray(value) ? { length: value.length } : {}) });
    total -= bytes;
  }
  return kept;
}
