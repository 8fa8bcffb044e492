import { Worker } from 'node:worker_threads';
import { CliError } from '../client/cli-error.ts';
import type { ServiceName } from './service-names.ts';
import type { About, Surroundings } from './services.ts';
import type { Running } from './start-services.ts';

/** What the thread is to do. */
export interface Order {
  readonly names: readonly ServiceName[];
  readonly surroundings: Surroundings;
}

export type ThreadNews =
  | { readonly kind: 'started'; readonly about: readonly About[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string; readonly hint?: string | undefined };

/**
 * Starts services in a thread of their own: what they do does not hold up the api, which answers whoever waits (ADR 15). A thread that ends unasked
 * ends the program, as a fault that nobody caught.
 */
export async function startApart(order: Order): Promise<Running> {
  const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: order, name: 'services' });
  const hear = (): Promise<ThreadNews> =>
    new Promise((resolve, reject) => {
      thread.once('message', resolve).once('error', reject);
      thread.once('exit', (code) => reject(new Error(`the thread of the services ended with ${code}`)));
    });
  const news = await hear();
  thread.removeAllListeners();
  if (news.kind !== 'started') await thread.terminate();
  if (news.kind === 'failed') throw new CliError(news.message, news.hint);
  if (news.kind === 'closed') throw new Error('the thread of the services closed before it was told to');
  const unasked = (code: number): never => {
    throw new Error(`the thread of the services ended with ${code}`);
  };
  thread.on('exit', unasked).on('error', (error) => {
    throw error;
  });
  return {
    about: news.about,
    close: async () => {
      thread.off('exit', unasked);
      const ended = hear();
      thread.postMessage('close');
      const last = await ended;
      if (last.kind === 'failed') throw new Error(last.message);
    },
  };
}
