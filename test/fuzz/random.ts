/** Choices that a seed decides, so that a finding can be made again. */
export interface Random {
  /** Whole number from `from` to `to`, both included. */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Some of the items, at least `least`, in their order. */
  some<T>(items: readonly T[], least: number): T[];
}

/** mulberry32: 32 bits of state are plenty for documents. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(items: readonly T[]): T => {
    if (items.length === 0) throw new Error('nothing to choose from');
    return items[int(0, items.length - 1)] as T;
  };
  return {
    int,
    chance: (probability) => next() < probability,
    pick,
    some(items, least) {
      const rest = [...items.keys()];
      const count = int(Math.min(least, items.length), items.length);
      while (rest.length > count) rest.splice(int(0, rest.length - 1), 1);
      return rest.flatMap((index) => items.slice(index, index + 1));
    },
  };
}
