import { startLoop } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { findRun } from '../runs/find-runs.ts';
import { requestOutbound } from '../outbound/request-outbound.ts';
import type { Callback } from './callback-rows.ts';
import { claimCallbacks, endCallback, retryCallback } from './callback-rows.ts';
import { messageOf } from './callback-message.ts';
import { callbackKey, signatureOf } from './sign.ts';

/** Seconds before the next attempt; after the last of them it is given up. */
const pauses = [5, 30, 120, 600, 3600, 21_600];
/** Milliseconds after which the table is looked at without being told. */
const patience = 5000;
/** Milliseconds that a receiver has. */
const answerWithin = 10_000;

type Services = Pick<ApiContext, 'config' | 'database' | 'objects' | 'logger' | 'feed' | 'stopping'>;

export interface CallbackSender {
  /** Looks at the table whenever there is news of this run. */
  follow(run: string): void;
  close(): Promise<void>;
}

/** Tells subscribers of runs (18-062r2, callback). Any number of replicas do so beside each other; each message is claimed by one at a time. */
export function startCallbackSender(services: Services): CallbackSender {
  const { callbackSecret: secret } = services.config;
  const followed = new Map<string, () => void>();
  const loop = startLoop(
    async () => (secret !== undefined && (await sendDue(services, secret)) > 0 ? 0 : patience),
    patience,
    (error) => services.logger.warn({ error }, 'callbacks cannot be read; they are looked at again'),
  );
  return {
    follow(run) {
      const unwatch = services.feed.watch(run, ({ status }) => {
        loop.wake();
        if (!['successful', 'failed', 'dismissed'].includes(status)) return;
        followed.get(run)?.();
        followed.delete(run);
      });
      followed.set(run, unwatch);
    },
    async close() {
      for (const unwatch of followed.values()) unwatch();
      await loop.close();
    },
  };
}

/** Sends what is due now; how many messages that were. */
export async function sendDue(services: Services, secret: string): Promise<number> {
  const due = await claimCallbacks(services.database);
  await Promise.all(due.map((callback) => sendOne(services, secret, callback)));
  return due.length;
}

async function sendOne(services: Services, secret: string, callback: Callback): Promise<void> {
  const { database, logger } = services;
  const { run: id, kind, workspace, uri, attempt } = callback;
  const run = await findRun(database, workspace, id);
  const message = run && (await messageOf(services, callback, run));
  // The run ended otherwise.
  if (message === undefined) return endCallback(database, callback, null);
  const body = Buffer.from(JSON.stringify(message.body));
  const headers = {
    'content-type': message.type,
    'x-runnel-delivery': `${id}/${kind}`,
    'x-runnel-attempt': String(attempt),
    'x-runnel-signature': signatureOf(callbackKey(secret, workspace), body, new Date()),
  };
  const fault = await post(services, uri, headers, body);
  if (fault === undefined) return endCallback(database, callback, null);
  const pause = pauses[attempt - 1];
  logger.warn({ run: id, kind, attempt, reason: fault }, pause === undefined ? 'a callback was given up' : 'a callback failed');
  if (pause === undefined) await endCallback(database, callback, fault);
  else await retryCallback(database, callback, fault, pause);
}

/** Why it did not arrive. Redirects are not followed: the message is for who was named. */
async function post({ config }: Services, uri: string, headers: Record<string, string>, body: Buffer): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(answerWithin);
    const answer = await requestOutbound(uri, { method: 'POST', headers, body, allowedHosts: config.outboundHosts, redirects: 0, signal });
    answer.body.destroy();
    return answer.status >= 200 && answer.status < 300 ? undefined : `it answered ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
