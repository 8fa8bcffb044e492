import { hash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoint } from '@runnel/service';
import type { Messaging } from './connect.ts';
import { seal, toHeaders } from './envelope.ts';
import type { Wire } from './envelope.ts';
import type { Outgoing } from './message.ts';
import { reasonOf } from './reason-of.ts';
import { ensureTopology } from './reconcile.ts';

/** Milliseconds between attempts: quick at first, for a restart; then patient. */
const pauses = [50, 100, 250, 500, 1000, 2000, 5000];

/** Id of an executor's message: the same for every copy, also after its restart (rule 13). `number` counts messages of one kind. */
export function attemptMessageId(run: string, step: string, attempt: number, kind: string, number = 0): string {
  return hash('sha256', JSON.stringify([run, step, attempt, kind, number])).slice(0, 32);
}

/**
 * Publishes into a stream and resolves when the stream holds it; tries for ever (rule: executors have no outbox). Rejects only when `signal`
 * aborts, and with MessageTooLarge.
 */
export async function publishUntilStored(messaging: Messaging, message: Outgoing, id: string, signal?: AbortSignal): Promise<void> {
  const wire = seal(message, { id, time: new Date().toISOString(), service: messaging.service, prefix: messaging.prefix });
  for (let attempt = 0; ; attempt += 1) {
    try {
      crashPoint('publisher.before-publish');
      await publishWire(messaging, wire);
      crashPoint('publisher.after-publish');
      return;
    } catch (error) {
      signal?.throwIfAborted();
      messaging.logger.warn({ contract: message.contract.name, attempt, reason: reasonOf(error) }, 'publishing again');
      await sleep(pauses[Math.min(attempt, pauses.length - 1)], undefined, signal ? { signal } : {});
      // It may be the stream that is gone.
      if (attempt > 1) await ensureTopology(messaging, signal).catch(() => undefined);
    }
  }
}

/**
 * One attempt: resolves when the stream holds the message. Twice within ten minutes is once. Rejects as soon as the connection was made anew:
 * the answer of the server before will not come any more.
 */
export function publishWire({ publisher }: Messaging, wire: Wire): Promise<void> {
  const headers = toHeaders(wire.headers);
  headers.set('Nats-Msg-Id', wire.id);
  // no crash point: callers have them, the relay around a whole batch
  return publisher.publish(wire.subject, wire.payload, headers);
}

/** Sends on plain NATS, at most once: heartbeats, live logs, hints. Never throws for a server that is away. */
export function publishEphemeral(messaging: Messaging, message: Outgoing): void {
  const stamp = { id: randomUUID(), time: new Date().toISOString(), service: messaging.service, prefix: messaging.prefix };
  const wire = seal(message, stamp);
  if (messaging.nc.isClosed() || messaging.nc.isDraining()) return;
  crashPoint('ephemeral.before-publish');
  messaging.nc.publish(wire.subject, wire.payload, { headers: toHeaders(wire.headers) });
  crashPoint('ephemeral.after-publish');
}
