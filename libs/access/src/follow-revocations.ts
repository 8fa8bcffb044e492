import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { revocations } from './tokens.ts';

export interface RevocationHandlers {
  /** Whether revocations are heard from now on. */
  listening(now: boolean): void;
  revoked(tokenId: string): void;
}

/** Milliseconds until the connection is made again. */
const pause = 1000;

/** Listens for revocations on a connection of its own; connects again for ever. */
export function followRevocations(url: string, handlers: RevocationHandlers): { close(): Promise<void> } {
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      // What ends the connection is of no interest here: without it tokens are looked up one by one, and those faults are seen.
      await listen(url, handlers, stopping.signal).catch(() => undefined);
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
async function listen(url: string, handlers: RevocationHandlers, signal: AbortSignal): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'runnel-revocations',
    keepAlive: true,
    connectionTimeoutMillis: 5000,
  });
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on('notification', ({ payload }) => handlers.revoked(payload ?? ''));
  try {
    await client.connect();
    await client.query(`listen ${revocations}`);
    if (signal.aborted) return;
    handlers.listening(true);
    await ended;
  } finally {
    handlers.listening(false);
    await client.end().catch(() => undefined);
  }
}
