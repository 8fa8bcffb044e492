import type { Messaging } from './connect.ts';
import type { ConsumeMetrics } from './consume-metrics.ts';
import type { Delivered } from './delivered.ts';
import { handling, signOfWork } from './handling.ts';
import type { HandleBatch, OnDeadLetter } from './handling.ts';
import type { Message } from './message.ts';
import { startPull } from './pull.ts';
import type { PullOptions } from './pull.ts';
import type { DurablePlan } from './topology.ts';

export interface ConsumeOptions extends PullOptions {
  readonly onDeadLetter?: OnDeadLetter | undefined;
  readonly metrics?: ConsumeMetrics | undefined;
  /** Milliseconds before a failed message comes again, by its deliveries so far; default 500, 2000, 10,000, 30,000. */
  readonly retryDelays?: readonly number[] | undefined;
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
  let buffer: Delivered[] = [];
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    while (buffer.length > 0 && !stopping.signal.aborted) {
      const batch = buffer.slice(0, size);
      buffer = buffer.slice(size);
      await guarded(messaging, plan, () => handle(batch));
      for (const raw of batch) held.delete(raw);
      pull.release(batch.length);
    }
    working = undefined;
  };
  // Room for the next batch to gather while one is being handled.
  const pull = startPull(options, 2 * size, (raw) => {
    held.add(raw);
    buffer.push(raw);
    // What else is in the same read of the socket belongs to the same batch.
    working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(work);
  });
  return {
    close: async () => {
      stopping.abort();
      await Promise.all([pull.close(), working]);
      for (const raw of buffer) raw.nak();
      held.end();
    },
  };
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
  const working = new Set<Promise<void>>();

  const work = async (raw: Delivered): Promise<void> => {
    // What came several times may be what kills the process: alone, so that it is known.
    await guarded(messaging, plan, () => (raw.deliveries > 2 ? oneAtATime(() => handle([raw])) : handle([raw])));
    held.delete(raw);
    pull.release(1);
  };
  const pull = startPull(options, concurrency, (raw) => {
    if (stopping.signal.aborted) return raw.nak();
    held.add(raw);
    const one = work(raw).finally(() => working.delete(one));
    working.add(one);
  });
  return {
    close: async () => {
      stopping.abort();
      await pull.close();
      await Promise.all(working);
      held.end();
    },
  };
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
  add(raw: Delivered): void;
  delete(raw: Delivered): void;
  end(): void;
}

/** Tells the server that messages are being worked on while they are held, so that it does not deliver them elsewhere. */
function holdMessages(): Held {
  const messages = new Set<Delivered>();
  const timer = setInterval(() => {
    for (const raw of messages) raw.working();
  }, signOfWork);
  return { add: (raw) => void messages.add(raw), delete: (raw) => void messages.delete(raw), end: () => clearInterval(timer) };
}

function serially(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => (last = last.then(work, work));
}
