import type { JsMsg } from '@nats-io/jetstream';
import type { Messaging } from './connect.ts';
import type { ConsumeMetrics } from './consume-metrics.ts';
import { handling, signOfWork } from './handling.ts';
import type { HandleBatch, OnDeadLetter } from './handling.ts';
import type { Message } from './message.ts';
import { fetchOne, keepPulling, pullExpiry } from './pull.ts';
import type { PullOptions } from './pull.ts';
import type { DurablePlan } from './topology.ts';

export interface ConsumeOptions extends PullOptions {
  readonly onDeadLetter?: OnDeadLetter | undefined;
  readonly metrics?: ConsumeMetrics | undefined;
}

export interface Consumption {
  /** Stops pulling, finishes what is being handled, gives back the rest. */
  close(): Promise<void>;
}

/**
 * Handles messages in batches of whatever arrived meanwhile, at most `size`, one batch after the other: for a durable with one reader. Each
 * message is acknowledged after its batch; where a batch throws, its messages are handled one by one.
 */
export function consumeBatches(options: ConsumeOptions & { readonly size?: number; readonly handleBatch: HandleBatch }): Consumption {
  const { messaging, plan, size = 256 } = options;
  const stopping = new AbortController();
  const held = holdMessages();
  const handle = handling({ ...options, handle: options.handleBatch, signal: stopping.signal });
  const buffer: JsMsg[] = [];
  let wake: () => void = () => undefined;

  const pulling = keepPulling(options, stopping.signal, async (consumer) => {
    const messages = await consumer.consume({
      max_messages: size,
      expires: pullExpiry,
      // A consumer that is gone ends this pull; it is made again and pulled anew.
      abort_on_missing_resource: true,
      callback: (raw) => {
        held.add(raw);
        buffer.push(raw);
        wake();
      },
    });
    const stop = (): void => void messages.close();
    stopping.signal.addEventListener('abort', stop, { once: true });
    if (stopping.signal.aborted) stop();
    const fault = await messages.closed();
    stopping.signal.removeEventListener('abort', stop);
    if (fault) throw fault;
  });

  const working = (async () => {
    while (!stopping.signal.aborted) {
      if (buffer.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const batch = buffer.splice(0, size);
      await guarded(messaging, plan, () => handle(batch));
      for (const raw of batch) held.delete(raw);
    }
    for (const raw of buffer) raw.nak();
  })();

  return closing(stopping, [pulling, working], held, () => wake());
}

/** Handles messages one by one, at most `concurrency` at a time: for effects that take their time, and durables with several readers. */
export function consumeSingly(
  options: ConsumeOptions & { readonly concurrency?: number; readonly handle: (message: Message) => Promise<unknown> },
): Consumption {
  const { messaging, plan, concurrency = 8 } = options;
  const stopping = new AbortController();
  const held = holdMessages();
  const handleBatch: HandleBatch = async ([message]) => {
    if (message) await options.handle(message);
  };
  const handle = handling({ ...options, handle: handleBatch, signal: stopping.signal });
  const oneAtATime = serially();

  const lane = (): Promise<void> =>
    keepPulling(options, stopping.signal, async (consumer) => {
      while (!stopping.signal.aborted) {
        const raw = await fetchOne(consumer, stopping.signal);
        if (!raw) continue;
        if (stopping.signal.aborted) return raw.nak();
        held.add(raw);
        // What came several times may be what kills the process: alone, so that it is known.
        await guarded(messaging, plan, () => (raw.info.deliveryCount > 2 ? oneAtATime(() => handle([raw])) : handle([raw])));
        held.delete(raw);
      }
    });
  return closing(stopping, Array.from({ length: concurrency }, lane), held);
}

/** The handling policy catches what handlers throw; what is left (an ack on a closed connection) only costs a redelivery. */
async function guarded({ logger }: Messaging, plan: DurablePlan, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.error({ error, durable: plan.durable }, 'messages will be delivered again');
  }
}

interface Held {
  add(raw: JsMsg): void;
  delete(raw: JsMsg): void;
  end(): void;
}

/** Tells the server that messages are being worked on while they are held, so that it does not deliver them elsewhere. */
function holdMessages(): Held {
  const messages = new Set<JsMsg>();
  const timer = setInterval(() => {
    for (const raw of messages) raw.working();
  }, signOfWork);
  return { add: (raw) => void messages.add(raw), delete: (raw) => void messages.delete(raw), end: () => clearInterval(timer) };
}

function serially(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => (last = last.then(work, work));
}

function closing(stopping: AbortController, loops: readonly Promise<void>[], held: Held, wake: () => void = () => undefined): Consumption {
  return {
    close: async () => {
      stopping.abort();
      wake();
      await Promise.all(loops);
      held.end();
    },
  };
}
