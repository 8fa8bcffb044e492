import type { Logger } from '@runnel/service';
import { attemptIdOf, attemptName, type AttemptId, type StepRequest } from './attempt.ts';
import type { Reports, StepResult } from './report.ts';
import type { Slot } from './slots.ts';

export interface AttemptsPorts {
  slots: { take(): Promise<Slot> };
  reports: Reports;
  /** Calls `toolEnded` when its process is gone: the slot is then free for the next one, while this one's outputs are collected. */
  carryOut: (request: StepRequest, signal: AbortSignal, toolEnded: () => void) => Promise<StepResult | Waiting>;
  /** Resolves when nothing of an attempt runs that nobody here holds; absent: then nothing does. */
  ensureGone?: (id: AttemptId) => Promise<void>;
  /** Its end is told: what it leaves behind may go. */
  tidy?: (id: AttemptId) => void;
  logger: Logger;
  /** Told at each start how many seconds it took from the request's time. */
  onStart?: (seconds: number) => void;
}

/** An attempt that the backend cannot begin now, and why. */
export interface Waiting {
  waiting: string;
}

interface Held {
  id: AttemptId;
  abort: AbortController;
  /** The lease is lost: whatever becomes of it is not told. */
  abandoned: boolean;
  /** Resolves when nothing of it runs and its news is stored. */
  ended: Promise<void>;
}

/** Milliseconds: the news of the end of an attempt that takes less says also that it was started, and when. */
const short = 200;
/** Attempts that ended or were stopped lately: a late second copy of their request starts nothing. */
const remembered = 10_000;

/** What this executor holds: from the request's arrival to the stored news of its end (rule 8). */
export interface Attempts {
  /** Resolves when the stream holds `step.started`, or what became of the attempt: the request may then be acknowledged. */
  begin(request: StepRequest, requestedAt?: string): Promise<void>;
  /** Ends an attempt, queued or running; resolves when it is confirmed gone and that is told. */
  stop(id: AttemptId): Promise<void>;
  list(): AttemptId[];
  /** Takes nothing new, hands back what is queued, gives the rest `grace` milliseconds, then ends it; it counts as no failure. */
  drain(grace: number): Promise<void>;
  /**
   * Lets go of everything at once, telling nobody: others have these steps. With a reason, which is that of the signals, nothing more is begun:
   * requests stay with the bus.
   */
  abandon(reason?: Error): void;
  /** Resolves when nothing is held any more. */
  settled(): Promise<void>;
}

export function createAttempts({ slots, reports, carryOut, ensureGone, tidy, logger, onStart }: AttemptsPorts): Attempts {
  const held = new Map<string, Held>();
  const over = new Set<string>();
  let draining = false;
  let left: Error | undefined;

  const remember = (name: string): void => {
    over.add(name);
    const oldest = over.values().next().value;
    if (over.size > remembered && oldest !== undefined) over.delete(oldest);
  };

  async function run(request: StepRequest, slot: Slot, one: Held): Promise<void> {
    const { signal } = one.abort;
    const result = await carryOut(request, signal, () => slot.release()).finally(() => slot.release());
    if (one.abandoned) return;
    if ('waiting' in result) return reports.waiting(attemptIdOf(request), result.waiting);
    if (draining && signal.aborted) return reports.waiting(attemptIdOf(request), 'the executor is shutting down');
    await reports.finished(result);
    tidy?.(attemptIdOf(request));
  }

  /** A late second copy of the request, as a rule; but whoever asks may have lost the first answer. */
  async function repeat(id: AttemptId): Promise<void> {
    const earlier = await reports.earlier(id);
    return earlier === undefined ? reports.waiting(id, 'it was stopped here before') : reports.again(earlier);
  }

  async function begin(request: StepRequest, requestedAt?: string): Promise<void> {
    const id = attemptIdOf(request);
    const name = attemptName(id);
    if (left) throw left;
    if (held.has(name)) return;
    if (over.has(name)) return repeat(id);
    const { promise: ended, resolve: finish } = Promise.withResolvers<void>();
    const one: Held = { id, abort: new AbortController(), abandoned: false, ended };
    held.set(name, one);
    const done = (): void => {
      held.delete(name);
      remember(name);
      finish();
    };
    const earlier = await reports.earlier(id).catch((error: unknown) => {
      // Nothing was begun: the request comes again, and must not find it held.
      held.delete(name);
      finish();
      throw error;
    });
    if (earlier !== undefined) {
      tidy?.(id);
      return reports.again(earlier).finally(done);
    }
    const slot = await slots.take();
    if (one.abort.signal.aborted || draining) {
      slot.release();
      if (one.abandoned) {
        done();
        // Not acknowledged: whoever has the shard next is asked again.
        throw one.abort.signal.reason;
      }
      if (one.abort.signal.aborted && !draining) return done();
      return reports.waiting(id, 'the executor is shutting down').finally(done);
    }
    // The tool runs while its news travels: a request that comes again meanwhile finds the attempt held.
    const startedAt = new Date().toISOString();
    run(request, slot, one)
      .catch((error: unknown) => one.abandoned || logger.error({ error, run: id.run, step: id.step }, 'attempt could not be reported'))
      .finally(done);
    if (requestedAt !== undefined) onStart?.((Date.parse(startedAt) - Date.parse(requestedAt)) / 1000);
    if (!(await endsWithin(ended, short))) await reports.started(id, startedAt);
  }

  return {
    begin,
    async stop(id) {
      const name = attemptName(id);
      const found = held.get(name);
      remember(name);
      found?.abort.abort();
      await found?.ended;
      await ensureGone?.(id);
      await reports.stopped(id);
    },
    list: () => [...held.values()].map(({ id }) => id),
    async drain(grace) {
      draining = true;
      const all = this.settled();
      const timer = setTimeout(() => {
        for (const { abort } of held.values()) abort.abort();
      }, grace);
      await all;
      clearTimeout(timer);
    },
    abandon(reason) {
      left = reason;
      for (const one of held.values()) {
        one.abandoned = true;
        one.abort.abort(reason);
      }
    },
    settled: async () => void (await Promise.all([...held.values()].map(({ ended }) => ended))),
  };
}

async function endsWithin(ended: Promise<void>, ms: number): Promise<boolean> {
  const timeout = Promise.withResolvers<false>();
  const timer = setTimeout(() => timeout.resolve(false), ms);
  const over = await Promise.race([ended.then(() => true), timeout.promise]);
  clearTimeout(timer);
  return over;
}
