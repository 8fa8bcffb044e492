import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { connect as connectTransport, createInbox, errors } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Service } from '@runnel/contracts';
import type { Logger } from '@runnel/service';
import { createStoredPublisher } from './stored-publisher.ts';
import type { StoredPublisher } from './stored-publisher.ts';

export interface MessagingConfig {
  /** `nats://127.0.0.1:4222`, several separated by commas. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** First token of every subject and stream name; default `rn`. */
  readonly prefix?: string | undefined;
  /** The service: user name on the bus unless `user` says otherwise, source of its events, name of the connection. */
  readonly service: Service | 'operator';
  readonly logger: Logger;
}

/** A service's place on the bus. */
export interface Messaging {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Publishes into streams; callers come through `publishUntilStored` and the relay. */
  readonly publisher: StoredPublisher;
  readonly prefix: string;
  readonly service: Service | 'operator';
  readonly logger: Logger;
  /** Resolves when the server answers, for the readiness check; rejects with the reason. */
  ping(this: void): Promise<void>;
  /** A subject that only this user may listen to, for answers. */
  newInbox(): string;
  /** Calls the listener after each reconnection, when the server has forgotten what was asked of it; returns what ends that. */
  onReconnect(this: void, listener: () => void): () => void;
  /** Sends what is pending and closes. Consumers are to be closed before. */
  close(): Promise<void>;
}

/** What was asked of the server before will not be answered: ask again. */
export class Reconnected extends Error {
  override readonly name = 'Reconnected';

  constructor() {
    super('the connection to NATS was made anew');
  }
}

/** Connects and stays connected: waits for a server that is not there yet, reconnects for ever. Rejects where the credentials are refused. */
export async function connect(config: MessagingConfig): Promise<Messaging> {
  const { service, logger, prefix = 'rn' } = config;
  const user = config.user ?? service;
  const nc = await connectTransport({
    servers: config.url.split(','),
    name: `runnel ${service}`,
    ...(config.password === undefined ? {} : { user, pass: config.password }),
    // Each user may subscribe to its own inboxes only.
    inboxPrefix: inboxOf(user),
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    pingInterval: 10_000,
    maxPingOut: 2,
  });
  const publisher = createStoredPublisher(nc, createInbox(inboxOf(user)));
  const listeners = new Set<() => void>([() => publisher.abandon(new Reconnected())]);
  const watching = watch(nc, logger, listeners, publisher);
  const js = jetstream(nc, { timeout: 5000 });
  // No check here: JetStream may be a moment later than its server.
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 5000 });
  return {
    nc,
    js,
    jsm,
    publisher,
    prefix,
    service,
    logger,
    ping: () => ping(nc),
    newInbox: () => createInbox(inboxOf(user)),
    onReconnect: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      if (!nc.isClosed()) await nc.drain();
      await watching;
    },
  };
}

/** Inboxes of a user, `_INBOX_api`: its permissions name them. */
export function inboxOf(user: string): string {
  return `_INBOX_${user}`;
}

/** While disconnected a flush would wait for the reconnection: a check has to say so now. */
async function ping(nc: NatsConnection): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('NATS does not answer')), 1500);
  });
  try {
    await Promise.race([nc.flush(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function watch(nc: NatsConnection, logger: Logger, listeners: ReadonlySet<() => void>, publisher: StoredPublisher): Promise<void> {
  for await (const status of nc.status()) {
    if (status.type === 'disconnect') logger.warn({ server: status.server }, 'NATS is away');
    else if (status.type === 'error') {
      logger.error({ error: status.error }, 'NATS refuses');
      if (status.error instanceof errors.PermissionViolationError) publisher.abandon(status.error, status.error.subject);
    } else if (status.type === 'reconnect') {
      logger.info({ server: status.server }, 'NATS is back');
      for (const listener of listeners) listener();
    }
  }
  publisher.abandon(new errors.ClosedConnectionError());
}
