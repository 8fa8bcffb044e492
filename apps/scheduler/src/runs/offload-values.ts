import { stored } from '@runnel/engine';
import type { RunEvent, RunValue, RunValues } from '@runnel/engine';
import { largestValueBytes } from '@runnel/postgres';

/** A value that leaves an event or a message for the object store. */
export interface StoredObject {
  key: string;
  content: RunValue;
}

/** Bytes that all values of one message may have together: the limit of a message less its other fields (rule 12). */
const messageBytes = 400 * 1024;

const bytesOf = (value: RunValue): number => Buffer.byteLength(JSON.stringify(value));

/** Whether values stay as they are. */
export const fitsMessage = (values: RunValues): boolean => bytesOf(values) <= largestValueBytes;

/**
 * Replaces values by stored ones, largest first, until each has at most 256 KiB and all together at most `total` bytes. `prefix` derives the
 * objects' names, so that storing twice is storing once.
 */
export function offloadValues(values: RunValues, prefix: string, total = messageBytes): { values: RunValues; objects: StoredObject[] } {
  if (bytesOf(values) <= Math.min(total, largestValueBytes)) return { values, objects: [] };
  const sizes = Object.entries(values)
    .map(([name, value]) => ({ name, value, bytes: bytesOf(value) }))
    .sort((a, b) => b.bytes - a.bytes);
  let sum = sizes.reduce((bytes, entry) => bytes + entry.bytes, 0);
  const objects: StoredObject[] = [];
  const result = { ...values };
  for (const { name, value, bytes } of sizes) {
    if (bytes <= largestValueBytes && sum <= total) break;
    const key = `${prefix}/${name}.json`;
    objects.push({ key, content: value });
    result[name] = stored({ key, ...(Array.isArray(value) ? { length: value.length } : {}) });
    sum -= bytes;
  }
  return { values: result, objects };
}

/** The event as it is appended: values that are too large for it are stored (`prefix` names the event). */
export function offloadEvent(event: RunEvent, prefix: string): { event: RunEvent; objects: StoredObject[] } {
  if (event.type !== 'run.outputs-ready' && event.type !== 'step.finished') return { event, objects: [] };
  const { values, objects } = offloadValues(event.data.outputs, prefix, Infinity);
  if (objects.length === 0) return { event, objects };
  return { event: { ...event, data: { ...event.data, outputs: values } } as RunEvent, objects };
}
