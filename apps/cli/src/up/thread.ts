/** The thread of `start-apart.ts`: starts services, tells of them, and closes them when it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger, startTracing } from '@runnel/service';
import type { Order, ThreadNews } from './start-apart.ts';
import { startServices } from './start-services.ts';

const { names, surroundings } = workerData as Order;
const port = parentPort;
if (!port) throw new Error('this is the program of a thread');
const tell = (news: ThreadNews): void => port.postMessage(news);

const endTracing = await startTracing('runnel', process.env);
try {
  const { about, close } = await startServices(names, surroundings, createLogger({ service: 'up' }));
  port.once('message', () => {
    void close()
      .then(endTracing)
      .then(
        () => tell({ kind: 'closed' }),
        (error: unknown) => tell({ kind: 'failed', error }),
      )
      // What is still open keeps no thread.
      .finally(() => port.close());
  });
  tell({ kind: 'started', about });
} catch (error) {
  tell({ kind: 'failed', error });
  port.close();
}
