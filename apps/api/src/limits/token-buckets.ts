/** A limit of requests: so many in a window of so many seconds, all at once or one after the other. */
export interface Limit {
  readonly name: string;
  /** Whose requests are counted together. */
  readonly key: string;
  readonly perSecond: number;
}

/** What is left of a limit after a request; `wait`: seconds until the next one passes, where this one did not. */
export interface Verdict {
  readonly name: string;
  readonly quota: number;
  readonly window: number;
  readonly remaining: number;
  /** Seconds until all of it is there again. */
  readonly reset: number;
  readonly wait: number;
}

/** Callers remembered; the ones longest unheard make room, and begin with a full bucket when they come again. */
const remembered = 50_000;

/** Counts requests by token buckets, in this process: each replica of a service allows as much. The clock is the caller's. */
export function createBuckets(): (limits: readonly Limit[], now: number) => Verdict[] {
  const buckets = new Map<string, { left: number; at: number }>();
  return (limits, now) => {
    const found = limits.map((limit) => {
      const { quota, window } = sizeOf(limit.perSecond);
      const id = `${limit.name} ${limit.key}`;
      const before = buckets.get(id) ?? { left: quota, at: now };
      const left = Math.min(quota, before.left + (Math.max(0, now - before.at) / 1000) * limit.perSecond);
      return { limit, quota, window, id, left };
    });
    // A request that one limit stops takes nothing from the others.
    const passes = found.every(({ left }) => left >= 1);
    return found.map(({ limit, quota, window, id, left }) => {
      const after = passes ? left - 1 : left;
      buckets.delete(id);
      buckets.set(id, { left: after, at: now });
      if (buckets.size > remembered) buckets.delete(buckets.keys().next().value ?? id);
      return {
        name: limit.name,
        quota,
        window,
        remaining: Math.floor(after),
        reset: Math.ceil((quota - after) / limit.perSecond),
        wait: left >= 1 ? 0 : (1 - left) / limit.perSecond,
      };
    });
  };
}

/** Less than one a second is counted in a longer window, so that one whole request fits into it. */
function sizeOf(perSecond: number): { quota: number; window: number } {
  const window = perSecond >= 1 ? 1 : Math.ceil(1 / perSecond);
  return { quota: Math.max(1, Math.floor(perSecond * window)), window };
}
