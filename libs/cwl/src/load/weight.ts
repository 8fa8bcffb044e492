/** What a text counts for beside the value that it is: long texts that aliases and imports repeat are as costly as many values. */
export function textWeight(text: string): number {
  return text.length >> 6;
}

/**
 * How many values a value consists of when everything shared is counted each time it is used, as it will be once it is written out. Shared parts are
 * visited once.
 */
export function weigh(value: unknown, known: Map<object, number>): number {
  if (typeof value === 'string') return 1 + textWeight(value);
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  let weight = 1;
  for (const item of Object.values(value) as unknown[]) weight += weigh(item, known);
  known.set(value, weight);
  return weight;
}
