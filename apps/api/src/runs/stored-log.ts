import type { ObjectStore } from '@runnel/objects';
import type { RunRow } from './run-row.ts';
import type { StepRow } from './find-steps.ts';

/** Names of what is told of a run beside its steps; no step may have them. */
export const stageIn = 'node_stage_in';
export const stageOut = 'node_stage_out';

export interface LogObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/** Log objects of a step's attempt in order: what its row names once it has ended, until then what has been written. */
export async function logObjects(objects: ObjectStore, run: RunRow, step: StepRow): Promise<readonly LogObject[]> {
  if (step.logs !== null) return step.logs;
  const prefix = `${run.executingWorkspace}/logs/${run.id}/${step.step}/${step.attempt}/`;
  const found: (LogObject & { number: number })[] = [];
  for await (const { key, size } of objects.list(prefix)) {
    const number = /^(\d+)\.log$/.exec(key.slice(prefix.length))?.[1];
    if (number !== undefined) found.push({ key, size, number: Number(number) });
  }
  return found.sort((a, b) => a.number - b.number);
}

/** The bytes of these objects from an offset on. */
export async function* readLog(objects: ObjectStore, parts: readonly LogObject[], offset: number): AsyncGenerator<Buffer> {
  let begin = 0;
  for (const { key, size } of parts) {
    const from = Math.max(0, offset - begin);
    begin += size;
    if (from >= size) continue;
    const { body } = await objects.get(key, { start: from, end: size - 1 });
    for await (const chunk of body) yield chunk as Buffer;
  }
}
