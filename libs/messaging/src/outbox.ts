import { randomUUID } from 'node:crypto';
import { seal } from './envelope.ts';
import type { Wire } from './envelope.ts';
import type { Messaging } from './connect.ts';
import type { Outgoing } from './message.ts';

/** A row of the `outbox` table; the id becomes the message's id and its Nats-Msg-Id. */
export type OutboxRow = Wire;

/**
 * Rows for `insertOutbox` of libs/postgres, in the statement that makes what they tell true (rule 2). Throws MessageTooLarge.
 * After the commit: `relay.kick()`.
 */
export function outboxRows(sender: Pick<Messaging, 'service' | 'prefix'>, messages: readonly Outgoing[], now = new Date()): OutboxRow[] {
  const time = now.toISOString();
  return messages.map((message) => seal(message, { id: randomUUID(), time, service: sender.service, prefix: sender.prefix }));
}
