import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoint, isUnavailable } from '@runnel/service';
import type { Messaging } from './connect.ts';
import type { ConsumeMetrics } from './consume-metrics.ts';
import type { Delivered } from './delivered.ts';
import { buryMessage } from './dlq.ts';
import { open } from './envelope.ts';
import type { Message } from './message.ts';
import { reasonOf } from './reason-of.ts';
import { ackWait, deliveryLimit } from './topology.ts';
import type { DurablePlan } from './topology.ts';

/** Called after a message went to the dead-letter stream, before it is acknowledged. */
export type OnDeadLetter = (run: string | undefined, reason: string) => Promise<void>;

/** Handles messages together; resolves when all their effects stand. */
export type HandleBatch = (messages: readonly Message[]) => Promise<void>;

export interface HandlingOptions {
  readonly messaging: Messaging;
  readonly plan: DurablePlan;
  readonly handle: HandleBatch;
  readonly onDeadLetter?: OnDeadLetter | undefined;
  readonly metrics?: ConsumeMetrics | undefined;
  /** Milliseconds before a failed message comes again, by its deliveries so far (the last for all further). */
  readonly retryDelays?: readonly number[] | undefined;
  /** Aborts when the consumer is asked to stop: what is not handled then goes back. */
  readonly signal: AbortSignal;
}

/** A raw message and what is in it. */
interface Item {
  readonly raw: Delivered;
  readonly message: Message;
}

const defaultRetryDelays = [500, 2000, 10_000, 30_000];
/** Milliseconds between attempts while something the handler needs is away. */
const outagePauses = [100, 250, 500, 1000, 2000];

/**
 * The policy of rule 4 and rule 12 for one durable: batches of first deliveries, everything else one by one, dead letters, outages. An error
 * of the handler never leaves; a message is acknowledged after its effects stand.
 */
export function handling(options: HandlingOptions): (raws: readonly Delivered[]) => Promise<void> {
  const { plan, messaging } = options;
  const logger = messaging.logger.child({ durable: plan.durable });
  const retryDelays = options.retryDelays ?? defaultRetryDelays;
  let suspectBuried = false;

  const bury = async (raw: Delivered, reason: string): Promise<void> => {
    const run = raw.headers?.get('ce-run') || undefined;
    logger.error({ run, subject: raw.subject, deliveries: raw.deliveries, reason }, 'message goes to the dead-letter stream');
    const dead = {
      consumer: plan.durable,
      subject: raw.subject,
      headers: raw.headers,
      data: raw.data,
      reason,
      count: raw.deliveries,
      seq: raw.seq,
    };
    await untilDone(options, async () => {
      await buryMessage(messaging, dead);
      await options.onDeadLetter?.(run, reason);
    });
    acknowledge(raw, 'dead');
  };

  const acknowledge = (raw: Delivered, outcome: 'handled' | 'dead'): void => {
    crashPoint('consume.before-ack');
    raw.ack();
    crashPoint('consume.after-ack');
    options.metrics?.messages.inc({ durable: plan.durable, outcome });
    options.metrics?.delay.observe({ durable: plan.durable }, Math.max(0, Date.now() - raw.time) / 1000);
  };

  const fail = async (raw: Delivered, error: unknown): Promise<void> => {
    if (options.signal.aborted && isUnavailable(error)) return raw.nak();
    const { deliveries } = raw;
    options.metrics?.messages.inc({ durable: plan.durable, outcome: 'failed' });
    logger.error({ error, subject: raw.subject, run: raw.headers?.get('ce-run'), deliveries }, 'handler failed');
    if (deliveries >= deliveryLimit) return bury(raw, reasonOf(error));
    raw.nak(retryDelays[Math.min(deliveries, retryDelays.length) - 1]);
  };

  /**
   * Delivered more often than handlers may fail and still here: its handling never ended, so it may be what kills the process. Messages that
   * came again are handled one at a time in order, so of several such the first is the one; the others were only behind it.
   */
  const isKiller = (raw: Delivered): boolean => {
    if (raw.deliveries <= (plan.suspectAfter ?? deliveryLimit) || suspectBuried) return false;
    suspectBuried = true;
    return true;
  };

  const handleItems = async (items: readonly Item[]): Promise<void> => {
    options.metrics?.batchSize.observe({ durable: plan.durable }, items.length);
    await untilDone(options, () => options.handle(items.map(({ message }) => message)));
    for (const { raw } of items) acknowledge(raw, 'handled');
  };

  const handleOne = async (item: Item): Promise<void> => {
    try {
      await handleItems([item]);
    } catch (error) {
      await fail(item.raw, error);
    }
  };

  return async (raws) => {
    const fresh: Item[] = [];
    const again: Item[] = [];
    for (const raw of raws) {
      const { deliveries } = raw;
      const opened = open(raw, deliveries);
      if (!opened.ok) await bury(raw, opened.reason);
      else if (isKiller(raw)) await bury(raw, `it was delivered ${deliveries - 1} times and its handling never ended`);
      else (deliveries === 1 ? fresh : again).push({ raw, message: opened.message });
    }
    for (const item of again) await handleOne(item);
    if (fresh.length === 0) return;
    try {
      await handleItems(fresh);
    } catch (error) {
      if (options.signal.aborted && isUnavailable(error)) {
        for (const { raw } of fresh) raw.nak();
        return;
      }
      if (fresh.length === 1 && fresh[0]) return fail(fresh[0].raw, error);
      logger.warn({ error, messages: fresh.length }, 'batch failed, handling one by one');
      for (const item of fresh) await handleOne(item);
    }
  };
}

/** While Postgres, NATS or the store are away the message is not at fault: it is kept (its ack wait renewed by the consumer) and tried again. */
async function untilDone({ signal, messaging, plan }: HandlingOptions, work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isUnavailable(error) || signal.aborted) throw error;
      messaging.logger.warn({ durable: plan.durable, attempt, reason: reasonOf(error) }, 'waiting until what the handler needs is back');
      await sleep(outagePauses[Math.min(attempt, outagePauses.length - 1)]);
    }
  }
}

/** Milliseconds between signs of work for messages that are held and not yet acknowledged. */
export const signOfWork = ackWait / 3;
