import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';

/** A message of a stream as a consumer brought it, not yet acknowledged. */
export interface Delivered {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  /** Counts from 1. */
  readonly deliveries: number;
  /** Its number in the stream. */
  readonly seq: number;
  /** When the stream got it, milliseconds since 1970. */
  readonly time: number;
  /** Its handling is complete. */
  ack(): void;
  /** It is to come again after so many milliseconds. */
  nak(delay?: number): void;
  /** It is being handled: the ack wait begins anew. */
  working(): void;
}

/**
 * Reads what the reply subject says about a delivery: `$JS.ACK.{stream}.{consumer}.{deliveries}.{stream seq}.{consumer seq}.{ns}.{pending}`,
 * in its newer form with domain and account before the stream. Undefined where the message is no delivery.
 */
export function toDelivered(nc: NatsConnection, message: Msg): Delivered | undefined {
  const { reply } = message;
  const tokens = reply?.split('.') ?? [];
  if (reply === undefined || tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const [deliveries, seq, , nanoseconds] = tokens.slice(tokens.length >= 11 ? 6 : 4);
  const respond = (text: string): void => {
    // On a closed connection nobody listens; the message is delivered again.
    // no crash point: they stand around ack()
    if (!nc.isClosed()) nc.publish(reply, text);
  };
  return {
    subject: message.subject,
    headers: message.headers,
    data: message.data,
    deliveries: Number(deliveries),
    seq: Number(seq),
    // Nanoseconds are beyond exact numbers; milliseconds are not.
    time: Number((nanoseconds ?? '').slice(0, -6)),
    ack: () => respond('+ACK'),
    nak: (delay = 0) => respond(delay > 0 ? `-NAK {"delay": ${delay * 1_000_000}}` : '-NAK'),
    working: () => respond('+WPI'),
  };
}
