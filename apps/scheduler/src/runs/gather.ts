/** Share of the time spent on batches above which news are gathered. */
const busy = 0.6;
/** Most milliseconds for which news are gathered. */
const longest = 15;
/** Weight of the newest batch. */
const weight = 0.2;

export interface Gathering {
  /** Milliseconds the next batch should wait for more news. */
  pause(): number;
  /** A batch ran from `start` to `end` (monotonic milliseconds). */
  ran(start: number, end: number): void;
}

/**
 * How long a batch should wait for more news: not at all while there is little to do, so that a single run is quick; about as long as a batch
 * takes while one follows the other, so that many small batches become few large ones.
 */
export function createGathering(): Gathering {
  let lastEnd = -Infinity;
  let load = 0;
  let length = 0;
  return {
    pause: () => (load > busy ? Math.min(longest, length) : 0),
    ran: (start, end) => {
      const took = end - start;
      const gap = Math.max(0, start - lastEnd);
      load += weight * (took / (took + gap || 1) - load);
      length += weight * (took - length);
      lastEnd = Math.max(lastEnd, end);
    },
  };
}
