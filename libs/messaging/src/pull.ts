import { setTimeout as sleep } from 'node:timers/promises';
import { nanos } from '@nats-io/transport-node';
import type { Msg } from '@nats-io/transport-node';
import { Reconnected } from './connect.ts';
import type { Messaging } from './connect.ts';
import { toDelivered } from './delivered.ts';
import type { Delivered } from './delivered.ts';
import { reasonOf } from './reason-of.ts';
import { ensureTopology, isMissing } from './reconcile.ts';
import type { DurablePlan } from './topology.ts';

/** Milliseconds a request for messages waits at the server. */
const requestExpiry = 30_000;
/** Milliseconds between the server's signs of life while it waits; two may be missing. */
const heartbeat = 5000;

export interface PullOptions {
  readonly messaging: Messaging;
  readonly plan: DurablePlan;
  /** Makes the durable where it is missing; default: `ensureTopology`. */
  readonly ensure?: (() => Promise<void>) | undefined;
}

export interface Pull {
  /** So many messages need no room any more: as many others may come. */
  release(count: number): void;
  /** Asks for nothing more; resolves when everything that was on its way has been delivered. */
  close(): Promise<void>;
}

/**
 * Keeps at most `capacity` messages of a durable in hand and on their way; asks anew after every fault, and makes the durable where it is gone
 * (rule 1). The client's own consumers drop what is on its way when they are closed, which then waits for the ack wait: too long where a
 * partition changes its owner. Protocol: NATS ADR-13.
 */
export function startPull(options: PullOptions, capacity: number, deliver: (message: Delivered) => void): Pull {
  const { messaging, plan } = options;
  const stopping = new AbortController();
  let held = 0;
  let session: Session | undefined;
  const room = (): number => capacity - held;
  const take = (message: Delivered): void => {
    held += 1;
    deliver(message);
  };
  const running = (async () => {
    while (!stopping.signal.aborted && !messaging.nc.isClosed()) {
      try {
        await messaging.jsm.consumers.info(plan.stream, plan.durable);
        if (stopping.signal.aborted) return;
        session = openSession(messaging, plan, room, take, stopping.signal);
        await session.ended;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const level = error instanceof Reconnected ? 'debug' : 'warn';
        messaging.logger[level]({ durable: plan.durable, reason: reasonOf(error) }, 'asking for messages again');
        if (isMissing(error)) await (options.ensure ?? (() => ensureTopology(messaging, stopping.signal)))().catch(() => undefined);
        await sleep(250);
      }
    }
  })();
  return {
    release: (count) => {
      held -= count;
      session?.ask();
    },
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

interface Session {
  ask(): void;
  /** Resolves when it was asked to stop and has drained; rejects with the fault that ended it. */
  readonly ended: Promise<void>;
}

/** Requests and their messages, until a fault makes what is outstanding unknown. */
function openSession(
  messaging: Messaging,
  plan: DurablePlan,
  room: () => number,
  take: (message: Delivered) => void,
  signal: AbortSignal,
): Session {
  const { nc } = messaging;
  const inbox = messaging.newInbox();
  const fault = Promise.withResolvers<never>();
  let outstanding = 0;
  let lastSign = performance.now();

  const ask = (): void => {
    const batch = room() - outstanding;
    if (signal.aborted || batch <= 0 || (outstanding > 0 && batch * 4 < room())) return;
    outstanding += batch;
    const request = { batch, expires: nanos(requestExpiry), idle_heartbeat: nanos(heartbeat) };
    // no crash point: a request for messages changes nothing
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${plan.stream}.${plan.durable}`, JSON.stringify(request), { reply: inbox });
  };
  const onMessage = (error: Error | null, message: Msg): void => {
    lastSign = performance.now();
    if (error) return fault.reject(error);
    const delivered = toDelivered(nc, message);
    if (delivered) {
      outstanding = Math.max(0, outstanding - 1);
      take(delivered);
    } else {
      const ended = statusOf(message);
      if (ended instanceof Error) return fault.reject(ended);
      outstanding = Math.max(0, outstanding - ended);
    }
    ask();
  };
  const subscription = nc.subscribe(inbox, { callback: onMessage });
  const watch = setInterval(() => {
    if (outstanding > 0 && performance.now() - lastSign > 2.5 * heartbeat) fault.reject(new Error('the server gives no sign of life'));
  }, heartbeat);
  const forget = messaging.onReconnect(() => fault.reject(new Reconnected()));
  ask();
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ended = Promise.race([stopped, fault.promise]).finally(async () => {
    clearInterval(watch);
    forget();
    if (!nc.isClosed()) await subscription.drain();
  });
  return { ask, ended };
}

/** How many messages of a request will not come, as its last word says; 0 for a heartbeat. */
function statusOf(message: Msg): number | Error {
  const code = message.headers?.code ?? 0;
  if (code === 100) return 0;
  if (code === 404 || code === 408) return Number(message.headers?.get('Nats-Pending-Messages') || 0);
  return new Error(`${code} ${message.headers?.description ?? 'unexpected message'}`);
}
