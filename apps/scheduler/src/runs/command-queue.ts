import { isUnavailable } from '@runnel/service';
import type { Gathering } from './gather.ts';
import type { News } from './news.ts';

/** News of the runs of one partition, one batch after the other, so that a run is never advanced twice at once. */
export interface CommandQueue {
  /** Resolves when what follows from the news is written. News that are submitted together succeed or fail together. */
  submit(news: readonly News[]): Promise<void>;
  /** Resolves when nothing is under way; later submissions are refused with PartitionClosed. */
  close(): Promise<void>;
}

/** This scheduler does not own the run's partition any more. */
export class PartitionClosed extends Error {
  override readonly name = 'PartitionClosed';
}

interface Submission {
  news: readonly News[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** News taken into one batch at most, unless one submission alone has more. */
const batchSize = 500;

export function createCommandQueue(advance: (news: readonly News[]) => Promise<void>, gathering: Gathering): CommandQueue {
  let waiting: Submission[] = [];
  let running: Promise<void> | undefined;
  let closed = false;
  let hurry = (): void => undefined;

  /** Until enough time has passed for more to come, or something comes that cannot wait. */
  const gather = (pause: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const pause = closed ? 0 : gathering.pause(waiting.flatMap(({ news }) => news));
      if (pause > 0) await gather(pause);
      const start = performance.now();
      const [batch, rest] = take(waiting);
      waiting = rest;
      await handle(batch);
      gathering.ran(start, performance.now());
    }
    running = undefined;
  };
  const handle = async (batch: readonly Submission[]): Promise<void> => {
    try {
      await advance(batch.flatMap((submission) => submission.news));
      for (const submission of batch) submission.resolve();
    } catch (error) {
      if (batch.length === 1 || isUnavailable(error)) for (const submission of batch) submission.reject(error);
      // One of them is at fault: alone, only that one fails.
      else for (const submission of batch) await handle([submission]);
    }
  };
  return {
    submit: (news) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new PartitionClosed('the partition was given back'));
        waiting.push({ news, resolve, reject });
        if (gathering.pause(news) === 0) hurry();
        // What arrives in this turn of the event loop goes together.
        running ??= Promise.resolve().then(drain);
      }),
    close: async () => {
      closed = true;
      hurry();
      await running;
    },
  };
}

function take(waiting: readonly Submission[]): [batch: Submission[], rest: Submission[]] {
  let count = 0;
  let size = 0;
  for (const submission of waiting) {
    if (count > 0 && size + submission.news.length > batchSize) break;
    count += 1;
    size += submission.news.length;
  }
  return [waiting.slice(0, count), waiting.slice(count)];
}
