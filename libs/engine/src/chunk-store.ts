import type { Json } from '@runnel/cwl';

/** Gathered chunks of a run that has no object store. */
export interface ChunkStore {
  keep(key: string, content: Json): void;
  /** Throws where there is none of this key. What it gives is shared: nobody may change it. */
  read(key: string): Json;
}

/** A scatter asks for one chunk of each list that it runs over; of more lists than this, chunks are read again and again. */
const kept = 4;

/**
 * Chunks as text: a tenth of what their objects take, so that the memory of a run hardly grows with the width of its scatters. The last ones that
 * were read stay objects, for a scatter over a gathered list asks for its chunk once per element.
 */
export function createChunkStore(): ChunkStore {
  const texts = new Map<string, string>();
  /** In the order of their last use. */
  const recent = new Map<string, Json>();
  return {
    keep: (key, content) => void texts.set(key, JSON.stringify(content)),
    read(key) {
      const text = texts.get(key);
      if (text === undefined) throw new Error(`there is no object ${key}`);
      const content = recent.get(key) ?? (JSON.parse(text) as Json);
      recent.delete(key);
      recent.set(key, content);
      for (const oldest of recent.keys()) {
        if (recent.size <= kept) break;
        recent.delete(oldest);
      }
      return content;
    },
  };
}
