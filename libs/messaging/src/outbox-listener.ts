import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@runnel/service';
import type { Pool, PoolClient } from 'pg';
import { reasonOf } from './reason-of.ts';

/** Milliseconds until the connection is made again after a fault; until then the poll finds the rows. */
const pause = 2000;

/** Rings on `notify outbox`, by which somebody without a relay of their own says that they wrote a row. */
export function listenForOutbox(pool: Pool, logger: Logger, ring: () => void): { close(): Promise<void> } {
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await listen(await pool.connect(), ring, stopping.signal);
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'listening for outbox rows again');
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  })();
  return {
    close: async () => {
      stopping.abort();
      await done;
    },
  };
}

/** Until the signal aborts or the connection breaks; then the connection is thrown away, so that the pool hands out none that listens. */
async function listen(client: PoolClient, ring: () => void, signal: AbortSignal): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      client.on('error', reject);
      client.on('end', () => reject(new Error('connection ended')));
      client.on('notification', ring);
      client.query('listen outbox').catch(reject);
    });
  } finally {
    client.removeListener('notification', ring);
    client.release(true);
  }
}
