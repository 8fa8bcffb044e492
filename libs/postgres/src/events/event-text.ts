import { largestValueBytes, ValueTooLarge } from '../faults.ts';

/** The event's data as JSON; rejects with ValueTooLarge where one of its values should have been stored as an object. */
export function eventText(event: { type: string; data: object }): string {
  const text = JSON.stringify(event.data);
  if (Buffer.byteLength(text) > largestValueBytes) for (const [path, value] of values(event.data, event.type, 0)) refuseLarge(path, value);
  return text;
}

/** A value stands at most two levels down: `inputs.bands`, `outputs.tile`, `outcome.value`. */
function* values(data: object, path: string, depth: number): Generator<[path: string, value: unknown]> {
  for (const [name, value] of Object.entries(data)) {
    if (depth === 0 && isContainer(name, value)) yield* values(value, `${path}.${name}`, 1);
    else yield [`${path}.${name}`, value];
  }
}

function isContainer(name: string, value: unknown): value is object {
  return ['inputs', 'outputs', 'outcome'].includes(name) && typeof value === 'object' && value !== null;
}

function refuseLarge(path: string, value: unknown): void {
  const size = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (size > largestValueBytes) throw new ValueTooLarge(path, size);
}
