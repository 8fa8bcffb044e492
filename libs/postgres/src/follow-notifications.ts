import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';

export interface NotificationHandlers {
  /** Whether notifications are heard from now on; what was said while they were not is lost. */
  listening(now: boolean): void;
  heard(payload: string): void;
}

/** Milliseconds until the connection is made again. */
const pause = 1000;

/** Listens on a channel of the database on a connection of its own; connects again for ever. For caches that must not outlive a change. */
export function followNotifications(
  database: { readonly url: string; readonly name: string },
  channel: string,
  handlers: NotificationHandlers,
): { close(): Promise<void> } {
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      // What ended the connection is of no interest: who does not hear asks the database, and there the fault is seen.
      await listen(database, channel, handlers, stopping.signal).catch(() => undefined);
      await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    close: async () => {
      stopping.abort();
      await done;
    },
  };
}

/** Until the signal aborts or the connection ends. */
async function listen(
  { url, name }: { readonly url: string; readonly name: string },
  channel: string,
  handlers: NotificationHandlers,
  signal: AbortSignal,
): Promise<void> {
  const client = new Client({ connectionString: url, application_name: name, keepAlive: true, connectionTimeoutMillis: 5000 });
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on('notification', ({ payload }) => handlers.heard(payload ?? ''));
  try {
    await client.connect();
    await client.query(`listen ${escapeIdentifier(channel)}`);
    if (signal.aborted) return;
    handlers.listening(true);
    await ended;
  } finally {
    handlers.listening(false);
    await client.end().catch(() => undefined);
  }
}
