/** Lets so many pieces of work run at a time; the others wait for their turn in order. */
export function atMost(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // Its place goes to who waits first.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
