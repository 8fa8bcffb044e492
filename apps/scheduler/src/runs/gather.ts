import type { News } from './news.ts';

/** Attempts under way above which a run's news can wait: executors have more of its steps in their queues. */
const crowd = 8;
/** Milliseconds for which news that can wait are gathered. */
const patience = 40;
/** Share of the time spent on batches above which all news are gathered. */
const busy = 0.6;
/** Most milliseconds for which they are. */
const longest = 15;
/** Weight of the newest batch. */
const weight = 0.2;

export interface Gathering {
  /** Milliseconds for which these news should wait for more. */
  pause(news: readonly News[]): number;
  /** A batch ran from `start` to `end` (monotonic milliseconds). */
  ran(start: number, end: number): void;
}

/**
 * How long a batch should wait for more news: not at all while there is little to do, so that a small run is quick; a while where all of them are of
 * wide scatters, which the executors' queues hide; about as long as a batch takes while one follows the other, so that many small batches become few
 * large ones. `underWay`: how many attempts of a run are.
 */
export function createGathering(underWay: (run: string) => number): Gathering {
  let lastEnd = -Infinity;
  let load = 0;
  let length = 0;
  return {
    pause: (news) => {
      const pause = load > busy ? Math.min(longest, length) : 0;
      return news.every(({ run }) => underWay(run) > crowd) ? Math.max(patience, pause) : pause;
    },
    ran: (start, end) => {
      const took = end - start;
      const gap = Math.max(0, start - lastEnd);
      load += weight * (took / (took + gap || 1) - load);
      length += weight * (took - length);
      lastEnd = Math.max(lastEnd, end);
    },
  };
}
