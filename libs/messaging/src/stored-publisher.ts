import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';

/** Milliseconds after which an answer is not waited for any more; looked at this often. */
const patience = 5000;
const lookEvery = 1000;

/**
 * Publishes into streams and hears when they hold the message. The client's own publish makes two errors with their stack traces and a timer for
 * every message, in case it fails: that costs more than the message.
 */
export interface StoredPublisher {
  /** Rejects with JetStream's refusal, NoResponders where there is no stream, TimeoutError. */
  publish(subject: string, payload: string, headers: MsgHdrs): Promise<void>;
  /** The answers to what is outstanding (on a subject only, if one is given) will not come. */
  abandon(error: Error, subject?: string): void;
}

interface Outstanding {
  subject: string;
  since: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** `inbox`: a subject of our own, below which the answers come. */
export function createStoredPublisher(nc: NatsConnection, inbox: string): StoredPublisher {
  const outstanding = new Map<string, Outstanding>();
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  let listens = false;

  const settle = (reply: string, error: Error | undefined): void => {
    const one = outstanding.get(reply);
    outstanding.delete(reply);
    if (error) one?.reject(error);
    else one?.resolve();
  };
  const listen = (): void => {
    if (listens) return;
    listens = true;
    nc.subscribe(`${inbox}.*`, {
      callback: (error, message) => settle(message.subject, error ?? faultOf(message, outstanding.get(message.subject)?.subject)),
    });
  };
  const lookLater = (): void => {
    timer ??= setTimeout(look, lookEvery).unref();
  };
  const look = (): void => {
    const late = performance.now() - patience;
    for (const [reply, { since }] of outstanding) if (since < late) settle(reply, new errors.TimeoutError());
    timer = undefined;
    if (outstanding.size > 0) lookLater();
  };
  return {
    publish: async (subject, payload, headers) => {
      listen();
      count += 1;
      const reply = `${inbox}.${count}`;
      const stored = new Promise<void>((resolve, reject) => outstanding.set(reply, { subject, since: performance.now(), resolve, reject }));
      lookLater();
      try {
        // no crash point: callers have them, the relay around a whole batch
        nc.publish(subject, payload, { headers, reply });
      } catch (error) {
        settle(reply, error instanceof Error ? error : new Error(String(error)));
      }
      return stored;
    },
    abandon: (error, subject) => {
      for (const [reply, one] of outstanding) if (subject === undefined || one.subject === subject) settle(reply, error);
    },
  };
}

function faultOf(message: Msg, subject = ''): Error | undefined {
  if (message.headers?.code === 503) return new errors.NoRespondersError(subject);
  const answer = message.json<{ error?: { code: number; err_code: number; description: string } }>();
  return answer.error && new JetStreamApiError(answer.error);
}
