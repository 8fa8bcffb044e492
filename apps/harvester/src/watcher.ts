import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again at one source. */
export interface Watcher {
  /** Looks now; while it looks, once more afterwards. */
  kick(this: void): void;
  close(): Promise<void>;
}

/** Looks at once, then every so many seconds and when told to, until closed. `look` may take its time, but must not reject. */
export function watch(look: (signal: AbortSignal) => Promise<void>, seconds: number): Watcher {
  const closing = new AbortController();
  let wake = new AbortController();
  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      wake = new AbortController();
      const woken = AbortSignal.any([closing.signal, wake.signal]);
      await look(closing.signal);
      await sleep(seconds * 1000, undefined, { signal: woken }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    kick: () => wake.abort(),
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** Lets so many pieces of work run at a time; the others wait in their order. */
export function lanes(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
