import type { ObjectStore } from '@runnel/objects';
import { crashPoint } from '@runnel/service';

/** Writes what publishing did, or why it could not, where a run's reader finds it beside the logs of its steps: `node_stage_out`. */
export async function writeStageOutLog(objects: ObjectStore, executing: string, run: string, lines: readonly string[]): Promise<void> {
  crashPoint('ingester.stage-out.before-put');
  await objects.put(`${executing}/logs/${run}/node_stage_out/1/0.log`, lines.map((line) => `${line}\n`).join(''), { derived: true });
  crashPoint('ingester.stage-out.after-put');
}
