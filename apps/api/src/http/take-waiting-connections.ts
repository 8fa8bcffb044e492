import type { Server } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

/** Turns of the event loop, each of which takes a connection where one waits, without any. */
const quietTurns = 10;
/** Milliseconds: with so many clients that it never gets quiet, some are refused. */
const patience = 1000;

/**
 * A connection that the system has accepted and this process has not yet is reset when nobody listens any more, which its client cannot tell from
 * a request that was lost: those that wait are taken before.
 */
export async function takeWaitingConnections(server: Server): Promise<void> {
  let quiet = 0;
  const taken = (): void => void (quiet = 0);
  server.on('connection', taken);
  for (const end = performance.now() + patience; quiet < quietTurns && performance.now() < end; quiet += 1) await turn();
  server.off('connection', taken);
}
