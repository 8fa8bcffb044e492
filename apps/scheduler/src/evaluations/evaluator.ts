import { setTimeout as sleep } from 'node:timers/promises';
import type { EvaluateJavaScript, Json } from '@runnel/cwl';
import type { EvaluationRequest } from '@runnel/engine';
import { storedValues, type ObjectStore } from '@runnel/objects';
import type { SchedulerMetrics } from '../metrics.ts';
import { acceptedOf } from '../runs/known-run.ts';
import type { KnownRun } from '../runs/known-run.ts';
import { now } from '../runs/news.ts';
import type { News } from '../runs/news.ts';
import { answerRequest } from './answer-request.ts';
import type { Outcome } from './answer-request.ts';
import { createFairQueue } from './fair-queue.ts';

export interface EvaluatorOptions {
  objects: ObjectStore;
  evaluate: EvaluateJavaScript;
  /** Pieces at once: the size of the pool. */
  concurrency: number;
  stateOf: (run: string) => Promise<KnownRun | undefined>;
  submit: (news: News) => Promise<void>;
  metrics: SchedulerMetrics;
  onError: (error: unknown, run: string) => void;
}

export interface Evaluator {
  /** Answers what is not under way already. */
  ask: (requests: readonly { run: string; request: EvaluationRequest }[]) => void;
  close(): Promise<void>;
}

/** Milliseconds before an evaluation that could not be made (store or pool away) is tried again. */
const pause = 1000;

/** Evaluates the expressions that runs wait for and hands the answers back as news (rule 5). */
export function createEvaluationQueue(options: EvaluatorOptions): Evaluator {
  const { objects, evaluate, metrics, onError } = options;
  const read = storedValues<Json>(objects);
  const queue = createFairQueue(options.concurrency);
  const underWay = new Set<string>();
  let closed = false;

  /** Tries until it succeeds: what is away comes back. Undefined where nobody waits for it any more. */
  const insist = async <T>(run: string, work: () => Promise<T>): Promise<T | undefined> => {
    while (!closed) {
      try {
        return await work();
      } catch (error) {
        if (closed || isPartitionClosed(error)) break;
        onError(error, run);
        await sleep(pause);
      }
    }
    return undefined;
  };
  const answer = async (run: string, request: EvaluationRequest): Promise<Outcome | undefined> => {
    const known = await options.stateOf(run);
    // Answered by another scheduler, or the run has ended.
    if (!known?.state.evaluations.has(request.key)) return undefined;
    return answerRequest(request, acceptedOf(known.state), { objects, evaluate, read });
  };
  const deliver = async (run: string, key: string, outcome: Outcome): Promise<void> => {
    metrics.evaluations.inc({ outcome: 'value' in outcome ? 'value' : 'failure' });
    await insist(run, () => options.submit({ run, command: { type: 'record-evaluation', at: now(), key, outcome } }));
    underWay.delete(`${run} ${key}`);
  };
  const work = async (run: string, request: EvaluationRequest): Promise<void> => {
    const outcome = await insist(run, () => answer(run, request));
    // Its place is free for the next one while this one is written.
    if (outcome) void deliver(run, request.key, outcome);
    else underWay.delete(`${run} ${request.key}`);
  };
  return {
    ask: (requests) => {
      for (const { run, request } of requests) {
        const name = `${run} ${request.key}`;
        if (underWay.has(name)) continue;
        underWay.add(name);
        void options.stateOf(run).then(
          (known) => {
            if (!known) return underWay.delete(name);
            queue.push(acceptedOf(known.state).workspace, () => work(run, request));
          },
          (error: unknown) => {
            underWay.delete(name);
            onError(error, run);
          },
        );
      }
    },
    close: async () => {
      closed = true;
      await queue.close();
    },
  };
}

const isPartitionClosed = (error: unknown): boolean => error instanceof Error && error.name === 'PartitionClosed';
