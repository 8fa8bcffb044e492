/** The thread of `start-apart.ts`: starts services, tells of them, and closes them when it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger, startTracing } from '@runnel/service';
import { CliError } from '../client/cli-error.ts';
import type { Order, ThreadNews } from './start-apart.ts';
import { startServices } from './start-services.ts';

const { names, surroundings } = workerData as Order;
const port = parentPort;
if (!port) throw new Error('this is the program of a thread');
const tell = (news: ThreadNews): void => port.postMessage(news);
/** Errors lose their class on the way to another thread. */
const tellFault = (error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: 'failed', message, ...(error instanceof CliError ? { hint: error.hint } : {}) });
};

const endTracing = await startTracing('runnel', process.env);
try {
  const { about, close } = await startServices(names, surroundings, createLogger({ service: 'up' }));
  port.once('message', () => {
    void close()
      .then(endTracing)
      .then(() => tell({ kind: 'closed' }), tellFault)
      // What is still open keeps no thread.
      .finally(() => port.close());
  });
  tell({ kind: 'started', about });
} catch (error) {
  tellFault(error);
  port.close();
}
