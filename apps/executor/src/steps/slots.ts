/** A slot is a number from 0 (its uid is derived from it) and is given back by calling `release` once. */
export interface Slot {
  number: number;
  release(): void;
}

/** Hands out `count` slots, first come first served. */
export function createSlots(count: number): { take(): Promise<Slot>; readonly waiting: number; readonly taken: number } {
  const free = Array.from({ length: count }, (_, index) => count - 1 - index);
  const queue: ((slot: Slot) => void)[] = [];

  const grant = (number: number): Slot => {
    let held = true;
    return {
      number,
      release() {
        if (!held) return;
        held = false;
        const next = queue.shift();
        if (next === undefined) free.push(number);
        else next(grant(number));
      },
    };
  };

  return {
    take() {
      const number = free.pop();
      return number === undefined ? new Promise((resolve) => queue.push(resolve)) : Promise.resolve(grant(number));
    },
    get waiting() {
      return queue.length;
    },
    get taken() {
      return count - free.length;
    },
  };
}
