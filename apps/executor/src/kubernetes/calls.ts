import { setTimeout as sleep } from 'node:timers/promises';
import CircuitBreaker from 'opossum';

/** The cluster's API did not answer for longer than anybody waits. */
export class ClusterUnavailable extends Error {
  override readonly name = 'ClusterUnavailable';
  readonly service = "the cluster's API";
}

export interface Calls {
  read<T>(call: () => Promise<T>): Promise<T>;
  /** Like `read`, at most so many a second. */
  write<T>(call: () => Promise<T>): Promise<T>;
}

/** Milliseconds. */
const pauses = [250, 500, 1000, 2000, 5000];
const patience = 600_000;
const callTimeout = 20_000;

/** Calls to one API server: guarded by one breaker, tried again while it is away. An answer of 4xx is an answer. */
export function createCalls({ writesPerSecond }: { writesPerSecond: number }): Calls {
  const breaker = new CircuitBreaker((call: () => Promise<unknown>) => call(), {
    timeout: callTimeout,
    errorThresholdPercentage: 50,
    volumeThreshold: 5,
    resetTimeout: 2000,
    errorFilter: (error: unknown) => isAnswer(faultOf(error).code),
  });
  const permit = createPace(writesPerSecond);

  async function patiently<T>(call: () => Promise<T>, before: () => Promise<void>): Promise<T> {
    const begun = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        await before();
        return (await breaker.fire(call)) as T;
      } catch (error) {
        if (isAnswer(faultOf(error).code)) throw error;
        if (performance.now() - begun > patience) throw new ClusterUnavailable(faultOf(error).message, { cause: error });
        await sleep(pauses[Math.min(attempt, pauses.length - 1)]);
      }
    }
  }
  return { read: (call) => patiently(call, () => Promise.resolve()), write: (call) => patiently(call, permit) };
}

/** 429 and 5xx pass; so does a connection that fails. */
const isAnswer = (code: number | undefined): boolean => code !== undefined && code >= 400 && code < 500 && code !== 429;

/** Lets so many pass in a second, and as many at once after a pause. */
function createPace(perSecond: number): () => Promise<void> {
  const gap = 1000 / perSecond;
  let next = 0;
  return async () => {
    const now = performance.now();
    next = Math.max(next, now - 1000) + gap;
    if (next > now) await sleep(next - now);
  };
}

/** Status and plain message of what an API call threw. */
export function faultOf(error: unknown): { code?: number; message: string } {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const code = 'code' in error ? error.code : 'statusCode' in error ? error.statusCode : undefined;
  const body = 'body' in error ? error.body : undefined;
  const message = messageOf(body) ?? ('message' in error ? String(error.message) : 'no message');
  return { message, ...(typeof code === 'number' && { code }) };
}

function messageOf(body: unknown): string | undefined {
  if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  if (typeof body !== 'string') return undefined;
  try {
    return messageOf(JSON.parse(body) as object) ?? body;
  } catch {
    return body;
  }
}
