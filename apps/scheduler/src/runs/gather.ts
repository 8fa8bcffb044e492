/** Batches of this process within `span` ms above which news are gathered. */
const busy = 12;
const span = 100;
/** Milliseconds for which news are gathered. */
const wait = 8;

/**
 * How long a batch should wait for more news: not at all while there is little to do, so that a single run is quick; a few milliseconds while one
 * batch follows the other, so that many small batches become few large ones. `now`: monotonic milliseconds.
 */
export function createGathering(): { pause(now: number): number } {
  const recent: number[] = [];
  return {
    pause: (now) => {
      while (recent[0] !== undefined && recent[0] < now - span) recent.shift();
      recent.push(now);
      return recent.length > busy ? wait : 0;
    },
  };
}
