import { startLoop } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { findRun } from '../runs/find-run.ts';
import { requestOutbound } from '../outbound/request-outbound.ts';
import type { Callback } from './callback-rows.ts';
import { claimCallbacks, claimCallbacksOf, endCallback, retryCallback } from './callback-rows.ts';
import { messageOf } from './callback-message.ts';
import { callbackKey, signatureOf } from './sign.ts';

/** Seconds before the next attempt; after the last of them it is given up. */
const pauses = [5, 30, 120, 600, 3600, 21_600];
/** Milliseconds after which the table is looked at without being told. */
const patience = 5000;
/** Milliseconds that a receiver has. */
const answerWithin = 10_000;

type Services = Pick<ApiContext, 'config' | 'database' | 'objects' | 'logger' | 'feed'>;

/** Messages under way at once: a receiver that is slow holds up its own. */
const atOnce = 20;
/** Milliseconds in which news of runs are gathered. */
const gathered = 50;

export interface CallbackSender {
  close(): Promise<void>;
}

/**
 * Tells subscribers of runs (18-062r2, callback), as soon as there is news of the run. Any number of replicas do so beside each other; each message
 * is claimed by one at a time.
 */
export function startCallbackSender(services: Services): CallbackSender {
  const { config, database, feed, logger } = services;
  const { callbackSecret: secret } = config;
  if (secret === undefined) return { close: () => Promise.resolve() };
  const underWay = new Set<Promise<void>>();
  let news = new Set<string>();
  let looked = -Infinity;

  const send = (callback: Callback): void => {
    const sent = sendOne(services, secret, callback)
      .catch((error: unknown) => logger.warn({ error, run: callback.run }, 'a callback is sent again'))
      .finally(() => {
        const wasFull = underWay.size === atOnce;
        underWay.delete(sent);
        if (wasFull) loop.wake();
      });
    underWay.add(sent);
  };
  /** What there is news of, at once; all that is due, now and then. */
  const claim = async (): Promise<Callback[]> => {
    const most = atOnce - underWay.size;
    if (most === 0) return [];
    if (news.size === 0 || performance.now() - looked > patience) {
      const all = await claimCallbacks(database, most);
      if (all.length < most) looked = performance.now();
      return all;
    }
    const runs = [...news];
    news = new Set();
    const due = await claimCallbacksOf(database, most, runs);
    // The rest of them is found among all.
    if (due.length === most) looked = -Infinity;
    return due;
  };
  const loop = startLoop(
    async () => {
      const due = await claim();
      for (const callback of due) send(callback);
      return underWay.size < atOnce && (due.length > 0 || news.size > 0) ? 0 : patience;
    },
    patience,
    (error) => logger.warn({ error }, 'callbacks cannot be read; they are looked at again'),
    gathered,
  );
  const unwatch = feed.watchAll(({ run, status }) => {
    // Nobody is told that a run waits.
    if (status === 'accepted') return;
    news.add(run);
    loop.wake();
  });
  return {
    close: async () => {
      unwatch();
      await loop.close();
      await Promise.all(underWay);
    },
  };
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
