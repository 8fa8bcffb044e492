import type { ObjectInfo } from './store.ts';

const day = 86_400_000;

/** Milliseconds that a content-addressed object, which nothing names any more, is kept from its last put or touch. */
export const contentKeptFor = 7 * day;

/**
 * Whether a writer that found its content in the store may rely on it. What is older it puts again: the garbage collection spares what was put
 * lately, so it cannot take away an object between the look at it and the news that a step uses it.
 */
export function isFreshContent(info: ObjectInfo, now: number): boolean {
  return now - info.modifiedAt.getTime() < contentKeptFor - 2 * day;
}
