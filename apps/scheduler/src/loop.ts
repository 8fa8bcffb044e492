/** Work that is repeated: when it is woken, else after a pause. */
export interface Loop {
  /** Runs the work as soon as the present one ends; any number of wakes before that count once. */
  wake(): void;
  /** Resolves when the work that is under way has ended; nothing runs after that. */
  close(): Promise<void>;
}

/**
 * Runs `work` now and then whenever it is woken or its pause is over: the milliseconds it returns, at most `atMostMs`. One that throws is told to
 * `onError` and tried again after a second.
 */
export function startLoop(work: () => Promise<number | void>, atMostMs: number, onError: (error: unknown) => void): Loop {
  let closed = false;
  let woken = true;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    let pause = atMostMs;
    while (woken && !closed) {
      woken = false;
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
