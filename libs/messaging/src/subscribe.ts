import { DeliverPolicy } from '@nats-io/jetstream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contract } from '@runnel/contracts';
import { RunStatusChanged, subjectOf, subjectPattern } from '@runnel/contracts';
import type { Messaging } from './connect.ts';
import { open } from './envelope.ts';
import type { Message } from './message.ts';
import { reasonOf } from './reason-of.ts';
import { streamNames } from './topology.ts';

export interface Subscription {
  close(): Promise<void>;
}

export interface EphemeralOptions {
  /** Last token of the subject (partition token, workspace); default: all. */
  readonly token?: string | undefined;
  /** Subscribers of one queue share the messages; default: each gets all. */
  readonly queue?: string | undefined;
}

/** Handles messages of an ephemeral contract as they come; a handler's error is logged, nothing comes again. */
export function subscribeEphemeral<C extends Contract>(
  messaging: Messaging,
  contract: C,
  options: EphemeralOptions,
  handle: (message: Message<C>) => void | Promise<void>,
): Subscription {
  const { nc, prefix, logger } = messaging;
  const subject = options.token === undefined ? subjectPattern(contract, prefix) : subjectOf(contract, options.token, prefix);
  const run = async (raw: Parameters<typeof open>[0]): Promise<void> => {
    const opened = open(raw);
    if (!opened.ok) {
      logger.warn({ subject: raw.subject, reason: opened.reason }, 'message not understood');
      return;
    }
    // The subject is the contract's, and `open` has checked the data against the type header.
    if (opened.message.contract.name === contract.name) await handle(opened.message as Message<C>);
  };
  const subscription = nc.subscribe(subject, {
    ...(options.queue === undefined ? {} : { queue: options.queue }),
    callback: (error, raw) => {
      if (error) logger.error({ error, subject }, 'subscription refused');
      else void run(raw).catch((failure: unknown) => logger.error({ error: failure, subject }, 'handler failed'));
    },
  });
  return {
    close: async () => {
      if (!nc.isClosed()) await subscription.drain();
    },
  };
}

/**
 * Follows the status stream from now on: one per api replica, which distributes to its own followers. Starts anew after every interruption;
 * what was missed in between is in Postgres.
 */
export function followStatus(
  messaging: Messaging,
  handle: (message: Message<typeof RunStatusChanged>) => void,
  options: { readonly workspace?: string } = {},
): Subscription {
  const stopped = new AbortController();
  const done = follow(messaging, handle, options.workspace ?? '*', stopped.signal);
  return {
    close: async () => {
      stopped.abort();
      await done;
    },
  };
}

async function follow(
  { js, prefix, logger }: Messaging,
  handle: (message: Message<typeof RunStatusChanged>) => void,
  workspace: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const consumer = await js.consumers.get(streamNames(prefix).status, {
        filter_subjects: [subjectOf(RunStatusChanged, workspace, prefix)],
        deliver_policy: DeliverPolicy.New,
      });
      const messages = await consumer.consume({ max_messages: 500, expires: 10_000 });
      const stop = (): void => void messages.close();
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      for await (const raw of messages) {
        const opened = open(raw);
        if (opened.ok) handle(opened.message as Message<typeof RunStatusChanged>);
        else logger.warn({ subject: raw.subject, reason: opened.reason }, 'message not understood');
      }
      signal.removeEventListener('abort', stop);
    } catch (error) {
      if (!signal.aborted) logger.warn({ reason: reasonOf(error) }, 'following status again');
    }
    if (!signal.aborted) await sleep(500);
  }
}
