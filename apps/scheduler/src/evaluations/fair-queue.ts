/** Work of several workspaces, a few pieces at a time. */
export interface FairQueue {
  /** `work` never rejects. */
  push(workspace: string, work: () => Promise<void>): void;
  /** Resolves when what is under way has ended; what waits is dropped. */
  close(): Promise<void>;
}

/**
 * Runs at most `concurrency` pieces at once, taking one from each workspace in turn: however much one of them asks, another's next piece waits for
 * no more than one piece of each.
 */
export function createFairQueue(concurrency: number): FairQueue {
  const waiting = new Map<string, (() => Promise<void>)[]>();
  const running = new Set<Promise<void>>();
  let closed = false;

  const next = (): void => {
    while (running.size < concurrency && !closed) {
      const [workspace, queue] = waiting.entries().next().value ?? [];
      if (workspace === undefined || !queue) return;
      const work = queue.shift();
      // To the end of the line.
      waiting.delete(workspace);
      if (queue.length > 0) waiting.set(workspace, queue);
      if (work) start(work);
    }
  };
  const start = (work: () => Promise<void>): void => {
    const piece = work().finally(() => {
      running.delete(piece);
      next();
    });
    running.add(piece);
  };
  return {
    push: (workspace, work) => {
      const queue = waiting.get(workspace);
      if (queue) queue.push(work);
      else waiting.set(workspace, [work]);
      next();
    },
    close: async () => {
      closed = true;
      waiting.clear();
      await Promise.all(running);
    },
  };
}
