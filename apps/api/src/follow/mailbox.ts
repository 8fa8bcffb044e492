/** Items that arrive while their reader is busy. */
export interface Mailbox<T> {
  post(item: T): void;
  /** All that came; waits for the first, at most `ms`, or until the signal aborts. `lost`: more came than it holds, the oldest were dropped. */
  take(ms: number, signal: AbortSignal): Promise<{ readonly items: T[]; readonly lost: boolean }>;
}

export function createMailbox<T>(capacity: number): Mailbox<T> {
  let items: T[] = [];
  let lost = false;
  let wake: (() => void) | undefined;
  return {
    post(item) {
      if (items.length >= capacity) {
        items.shift();
        lost = true;
      }
      items.push(item);
      wake?.();
    },
    async take(ms, signal) {
      if (items.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            wake = undefined;
            resolve();
          };
          const timer = setTimeout(done, ms);
          signal.addEventListener('abort', done, { once: true });
          wake = done;
        });
      }
      const taken = { items, lost };
      items = [];
      lost = false;
      return taken;
    },
  };
}
