import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, askEvents } from './api.ts';

export interface Loaded<T> {
  readonly value?: T;
  readonly problem?: ApiProblem;
  /** Asks again, now. */
  readonly again: () => void;
}

/**
 * What `load` gives, again whenever `keys` change, and every `every` milliseconds while the page is seen. What was loaded stays on a fault; an answer
 * that comes after a newer one was asked for is dropped.
 */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, keys: readonly unknown[], every?: number): Loaded<T> {
  const [state, setState] = useState<{ value?: T; problem?: ApiProblem }>({});
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((count) => count + 1), []);
  const known = useRef<string>(undefined);
  const key = JSON.stringify(keys);
  useEffect(() => {
    const gone = new AbortController();
    // What was loaded for other keys is not shown as if it were of these.
    if (known.current !== key) setState({});
    known.current = key;
    const read = (): void => {
      load(gone.signal).then(
        (value) => gone.signal.aborted || setState({ value }),
        (error: unknown) => gone.signal.aborted || setState((before) => ({ ...before, problem: problemOf(error) })),
      );
    };
    read();
    const timer = every === undefined ? undefined : setInterval(() => document.hidden || read(), every);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [key, turn, every]);
  return { ...state, again };
}

export const problemOf = (error: unknown): ApiProblem => (error instanceof ApiProblem ? error : new ApiProblem(0, String(error)));

/** The time, moving on every `every` milliseconds while `moving`. */
export function useNow(moving: boolean, every = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [moving, every]);
  return now;
}

/** Milliseconds between looks at a run that has news, at least. */
const calm = 800;
/** Before a stream that broke is opened again. */
const patience = 2000;

/**
 * Calls `look` for news of a run until `over` is told: at once, then as often as there is news, but never more often than it takes five times to
 * answer, so that a wide run is not looked at all the time.
 */
export function useNews(path: string, over: boolean, look: () => Promise<void>): void {
  useEffect(() => {
    if (over) return;
    const gone = new AbortController();
    let news = true;
    let looking = false;
    let next = 0;
    const timer = setInterval(() => {
      if (!news || looking || document.hidden || performance.now() < next) return;
      [news, looking] = [false, true];
      const begun = performance.now();
      const after = (): void => {
        looking = false;
        next = performance.now() + Math.max(calm, 5 * (performance.now() - begun));
      };
      look().then(after, after);
    }, 100);
    void listen(path, gone.signal, () => (news = true));
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [path, over]);
}

async function listen(path: string, signal: AbortSignal, tell: () => void): Promise<void> {
  let last: string | undefined;
  while (!signal.aborted) {
    try {
      for await (const { id } of askEvents(path, signal, last)) {
        last = id ?? last;
        tell();
      }
    } catch (error) {
      if (error instanceof ApiProblem && error.status >= 400 && error.status < 500) return;
    }
    tell();
    await new Promise((resolve) => setTimeout(resolve, patience));
  }
}
