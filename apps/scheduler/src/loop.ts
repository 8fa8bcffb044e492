import { setTimeout as sleep } from 'node:timers/promises';

/** Work that is repeated: when it is woken, else after a pause. */
export interface Loop {
  /** Runs the work as soon as the present one ends; any number of wakes before that count once. */
  wake: () => void;
  /** Resolves when the work that is under way has ended; nothing runs after that. */
  close: () => Promise<void>;
}

/**
 * Runs `work` now and then whenever it is woken or its pause is over: the milliseconds it returns, at most `atMostMs`. One that throws is told to
 * `onError` and tried again after a second. `atLeastMs`: a wake that comes sooner after the last begin waits for the rest.
 */
export function startLoop(work: () => Promise<number | void>, atMostMs: number, onError: (error: unknown) => void, atLeastMs = 0): Loop {
  let closed = false;
  let woken = true;
  let begun = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    let pause = atMostMs;
    while (woken && !closed) {
      const early = begun + atLeastMs - performance.now();
      if (early > 0) await sleep(early);
      woken = false;
      begun = performance.now();
      try {
        pause = Math.min((await work()) ?? atMostMs, atMostMs);
      } catch (error) {
        onError(error);
        pause = Math.min(1000, atMostMs);
      }
    }
    running = undefined;
    if (!closed) timer = setTimeout(wake, Math.max(0, pause));
  };
  const wake = (): void => {
    woken = true;
    if (closed || running) return;
    clearTimeout(timer);
    running = run();
  };
  wake();
  return {
    wake,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
