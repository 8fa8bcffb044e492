import type { MsgHdrs } from '@nats-io/transport-node';
import { crashPoint } from '@runnel/service';
import type { Messaging } from './connect.ts';
import { fromHeaders, toHeaders } from './envelope.ts';
import { isMissing } from './reconcile.ts';
import { streamNames } from './topology.ts';

/** A message that could not be handled, with all that is needed to handle it later. */
export interface DeadLetter {
  /** Number in the dead-letter stream: names it on the command line. */
  readonly seq: number;
  /** When it was given up, RFC 3339. */
  readonly at: string;
  /** Durable whose handler failed. */
  readonly consumer: string;
  readonly subject: string;
  readonly reason: string;
  /** Deliveries it had. */
  readonly count: number;
  readonly type: string | undefined;
  readonly workspace: string | undefined;
  readonly run: string | undefined;
  /** Envelope as received. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, unless that was the reason. */
  readonly payload: string;
}

const about = {
  consumer: 'runnel-dead-consumer',
  subject: 'runnel-dead-subject',
  reason: 'runnel-dead-reason',
  count: 'runnel-dead-count',
} as const;

export interface Undeliverable {
  readonly consumer: string;
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  readonly reason: string;
  readonly count: number;
  /** Its number in the stream that it came from. */
  readonly seq: number;
}

/** Stores a message in the dead-letter stream; resolves when it is there. */
export async function buryMessage({ js, prefix, service }: Messaging, dead: Undeliverable): Promise<void> {
  const original = Object.entries(fromHeaders(dead.headers)).filter(([name]) => !name.startsWith('Nats-'));
  const headers = toHeaders({
    ...Object.fromEntries(original),
    [about.consumer]: dead.consumer,
    [about.subject]: dead.subject,
    // Header values end at a line break.
    [about.reason]: dead.reason.replaceAll(/\s+/g, ' ').slice(0, 2000),
    [about.count]: String(dead.count),
  });
  crashPoint('dead-letter.before-publish');
  await js.publish(`${prefix}.dead.${service}.${dead.consumer}`, dead.data, {
    // Delivered once more because we died before the ack it is the same letter; after a replay it has another number.
    msgID: `${dead.consumer}/${dead.subject}/${dead.seq}`,
    headers,
    timeout: 5000,
  });
  crashPoint('dead-letter.after-publish');
}

interface Stored {
  readonly seq: number;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  readonly time: string;
}

/** Reads a message of the dead-letter stream. */
export function readDeadLetter(stored: Stored): DeadLetter {
  const headers = fromHeaders(stored.headers);
  const names: readonly string[] = Object.values(about);
  return {
    seq: stored.seq,
    at: stored.time,
    consumer: headers[about.consumer] ?? '',
    subject: headers[about.subject] ?? '',
    reason: headers[about.reason] ?? '',
    count: Number(headers[about.count] ?? 0),
    type: headers['ce-type'],
    workspace: headers['ce-workspace'],
    run: headers['ce-run'],
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name) && !name.startsWith('Nats-'))),
    payload: new TextDecoder().decode(stored.data),
  };
}

/** Dead letters, oldest first, at most `limit` of those after `after`. */
export async function listDeadLetters(
  messaging: Messaging,
  options: { readonly after?: number; readonly limit?: number } = {},
): Promise<DeadLetter[]> {
  const { jsm, prefix } = messaging;
  const stream = streamNames(prefix).dead;
  const { state } = await jsm.streams.info(stream);
  const found: DeadLetter[] = [];
  let seq = Math.max(state.first_seq, (options.after ?? 0) + 1);
  while (found.length < (options.limit ?? 100) && seq <= state.last_seq) {
    const stored = await nextStored(messaging, seq);
    if (!stored) break;
    found.push(readDeadLetter(stored));
    seq = stored.seq + 1;
  }
  return found;
}

async function nextStored({ jsm, prefix }: Messaging, seq: number): Promise<Stored | undefined> {
  const message = await jsm.direct.getMessage(streamNames(prefix).dead, { seq, next_by_subj: `${prefix}.dead.>` });
  return message ? { seq: message.seq, headers: message.header, data: message.data, time: message.timestamp } : undefined;
}

/** One dead letter, undefined where there is none of that number. */
export async function showDeadLetter({ jsm, prefix }: Messaging, seq: number): Promise<DeadLetter | undefined> {
  const message = await jsm.streams.getMessage(streamNames(prefix).dead, { seq });
  return message ? readDeadLetter({ seq: message.seq, headers: message.header, data: message.data, time: message.timestamp }) : undefined;
}

/**
 * Publishes it again where it came from, then drops it. All consumers of that subject get it; to those that had handled it, it is a late copy
 * (rule 3). False where there is none of that number.
 */
export async function replayDeadLetter(messaging: Messaging, seq: number): Promise<boolean> {
  const dead = await showDeadLetter(messaging, seq);
  if (!dead) return false;
  // Not the event's own id: within the duplicate window the stream would take it for the first copy.
  crashPoint('dead-letter.before-replay');
  await messaging.js.publish(dead.subject, dead.payload, {
    msgID: `replay/${seq}/${dead.at}`,
    headers: toHeaders(dead.headers),
    timeout: 5000,
  });
  crashPoint('dead-letter.after-replay');
  await dropDeadLetter(messaging, seq);
  return true;
}

/** Deletes it. False where there is none of that number. */
export async function dropDeadLetter({ jsm, prefix }: Messaging, seq: number): Promise<boolean> {
  try {
    return await jsm.streams.deleteMessage(streamNames(prefix).dead, seq);
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && /no message found|sequence .* not found/i.test(error.message))) return false;
    throw error;
  }
}
