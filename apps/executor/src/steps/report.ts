import { randomUUID } from 'node:crypto';
import { type DataOf, StepFinished, StepStarted, StepStopped, StepWaiting } from '@runnel/contracts';
import { attemptMessageId, outgoing, publishUntilStored, type Messaging } from '@runnel/messaging';
import { ObjectNotFound, putValue, readValue, type ObjectStore } from '@runnel/objects';
import { crashPoint } from '@runnel/service';
import { resultKey, type AttemptId } from './attempt.ts';

export type StepResult = DataOf<typeof StepFinished>;

const resultBytes = 1024 * 1024;

/**
 * What an executor tells of an attempt. Each resolves when the stream holds it. What is told because it happened has a derived id: told twice, it
 * counts once. What is told because somebody asked has a new one each time: the stream would keep a second answer from a database that went back
 * to a copy and lost the first.
 */
export interface Reports {
  started(id: AttemptId, at: string): Promise<void>;
  /** Writes the result object first: whoever misses the message finds it (rule 8). */
  finished(result: StepResult): Promise<void>;
  /** Asked again for what ended: its result, once more. */
  again(result: StepResult): Promise<void>;
  waiting(id: AttemptId, reason: string): Promise<void>;
  stopped(id: AttemptId): Promise<void>;
  /** The result of an attempt that ended before, if it did. */
  earlier(id: AttemptId): Promise<StepResult | undefined>;
}

export function createReports(messaging: Messaging, store: ObjectStore, executor: string): Reports {
  const idOf = ({ run, step, attempt }: AttemptId, kind: string) => attemptMessageId(run, step, attempt, kind);
  const tell = (result: StepResult, id = idOf(result, 'finished')) => publishUntilStored(messaging, outgoing(StepFinished, result), id);
  return {
    started: (id, at) => publishUntilStored(messaging, outgoing(StepStarted, { ...id, executor, at }), idOf(id, 'started')),
    async finished(result) {
      await putUntilStored(store, result, messaging);
      await tell(result);
    },
    again: (result) => tell(result, randomUUID()),
    waiting: (id, reason) => publishUntilStored(messaging, outgoing(StepWaiting, { ...id, executor, reason }), randomUUID()),
    stopped: (id) => publishUntilStored(messaging, outgoing(StepStopped, { ...id, executor }), randomUUID()),
    async earlier(id) {
      if (!(await store.head(resultKey(id)))) return undefined;
      try {
        return StepFinished.schema.parse(await readValue(store, resultKey(id), resultBytes));
      } catch (error) {
        // Cut short by a power failure: it was not told either.
        if (error instanceof ObjectNotFound || error instanceof SyntaxError) return undefined;
        throw error;
      }
    },
  };
}

const pauses = [100, 500, 2000, 5000];

/** The object store may be away; the attempt's outcome waits for it, it is not lost. */
async function putUntilStored(store: ObjectStore, result: StepResult, { logger }: Messaging): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      crashPoint('executor.result.before-put');
      // Where a power failure takes it and the message too, the attempt is lost and made again.
      await putValue(store, resultKey(result), result, { durable: false });
      crashPoint('executor.result.after-put');
      return;
    } catch (error) {
      logger.warn({ error, run: result.run, step: result.step }, 'writing the result again');
      await new Promise((resolve) => setTimeout(resolve, pauses[Math.min(attempt, pauses.length - 1)]));
    }
  }
}
