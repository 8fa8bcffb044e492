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
 * `onError` and tried again after a second. `atLeastMs`: a wake that comes sooner after the last begin waits for the rest. The signal is aborted
 * by `close`: work that takes long may end early.
 */
export function startLoop(
  work: (signal: AbortSignal) => Promise<number | void>,
  atMostMs: number,
  onError: (error: unknown) => void,
  atLeastMs = 0,
): Loop {
  const closing = new AbortController();
  const { signal } = closing;
  let woken = true;
  let begun = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    let pause = atMostMs;
    while (woken && !signal.aborted) {
      const early = begun + atLeastMs - performance.now();
      if (early > 0) await sleep(early);
      woken = false;
      begun = performance.now();
      try {
        const wanted = await work(signal);
        // Work that says nothing may yet return something: a library's counter does, whatever its types say.
        pause = typeof wanted === 'number' ? Math.min(wanted, atMostMs) : atMostMs;
      } catch (error) {
        onError(error);
        pause = Math.min(1000, atMostMs);
      }
    }
    running = undefined;
    if (!signal.aborted) timer = setTimeout(wake, Math.max(0, pause));
  };
  const wake = (): void => {
    woken = true;
    if (signal.aborted || running) return;
    clearTimeout(timer);
    running = run();
  };
  wake();
  return {
    wake,
    close: async () => {
      closing.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
