import { createInterface } from 'node:readline';
import { z } from 'zod';
import { namedList, objectList } from './manifest.ts';
import { readPart } from './parts.ts';

/** A line of the list of objects. */
const ListedObject = z.object({
  key: z.string(),
  size: z.number(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  type: z.string().optional(),
  /** Where its bytes stand, in a backup that holds them. */
  pack: z.int().optional(),
  at: z.int().optional(),
});
export type ListedObject = z.output<typeof ListedObject>;

/** The objects of a backup. */
export async function* readObjectList(folder: string): AsyncGenerator<ListedObject> {
  for await (const line of linesOf(folder, objectList)) yield ListedObject.parse(JSON.parse(line));
}

/** Keys that the rows of a backup name. COPY writes a backslash as two. */
export async function* readNamed(folder: string): AsyncGenerator<string> {
  for await (const line of linesOf(folder, namedList)) yield line.replaceAll('\\\\', '\\');
}

function linesOf(folder: string, path: string): AsyncIterable<string> {
  return createInterface({ input: readPart(folder, path), crlfDelay: Infinity });
}
