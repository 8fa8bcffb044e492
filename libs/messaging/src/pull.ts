import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import type { Messaging } from './connect.ts';
import { reasonOf } from './publisher.ts';
import { ensureTopology, isMissing } from './reconcile.ts';
import type { DurablePlan } from './topology.ts';

/** Milliseconds a pull waits at the server. */
export const pullExpiry = 10_000;

export interface PullOptions {
  readonly messaging: Messaging;
  readonly plan: DurablePlan;
  /** Makes the durable where it is missing; default: `ensureTopology`. */
  readonly ensure?: (() => Promise<void>) | undefined;
}

/** Gets the durable and pulls; starts over after every fault, making the durable where it is gone (rule 1). Ends with the signal. */
export async function keepPulling(options: PullOptions, signal: AbortSignal, pull: (consumer: Consumer) => Promise<void>): Promise<void> {
  const { messaging, plan } = options;
  const ensure = options.ensure ?? (() => ensureTopology(messaging, signal));
  while (!signal.aborted && !messaging.nc.isClosed()) {
    try {
      await pull(await messaging.js.consumers.get(plan.stream, plan.durable));
    } catch (error) {
      if (signal.aborted) return;
      messaging.logger.warn({ durable: plan.durable, reason: reasonOf(error) }, 'pulling again');
      if (isMissing(error)) await ensure().catch(() => undefined);
      await sleep(250);
    }
  }
}

/** The next message, undefined where none came in time or the signal aborted. */
export async function fetchOne(consumer: Consumer, signal: AbortSignal): Promise<JsMsg | undefined> {
  const messages = await consumer.fetch({ max_messages: 1, expires: pullExpiry });
  const stop = (): void => void messages.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    for await (const raw of messages) return raw;
    return undefined;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
