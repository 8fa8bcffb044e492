import type { FastifyInstance } from 'fastify';
import { metricsText } from './metrics.ts';
import type { Registry } from './metrics.ts';

/** Resolves when the thing can be used, else rejects with the reason. */
export type ReadinessCheck = () => Promise<unknown>;

export interface Operations {
  readonly metrics: Registry;
  /** By the name that `/health/ready` shows: `postgres`, `nats`, `objects`, `schema`. */
  readonly checks: ReadonlyMap<string, ReadinessCheck>;
}

/** Milliseconds a check may take. */
const checkTimeout = 2000;

/** Adds `/metrics`, `/health/live` and `/health/ready` to a service's HTTP server. */
export function attachOperations(fastify: FastifyInstance, operations: Operations): void {
  fastify.get('/metrics', async (_request, reply) => {
    await reply.header('content-type', operations.metrics.contentType).send(await metricsText(operations.metrics));
  });
  fastify.get('/health/live', () => ({ status: 'live' }));
  fastify.get('/health/ready', async (_request, reply) => {
    const { ready, checks } = await readiness(operations.checks);
    await reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
  });
}

/** All checks at once; each is `ok` or the reason why not. */
export async function readiness(
  checks: ReadonlyMap<string, ReadinessCheck>,
  timeout = checkTimeout,
): Promise<{ ready: boolean; checks: Record<string, string> }> {
  const results = await Promise.all([...checks].map(async ([name, check]) => [name, await outcome(check, timeout)] as const));
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
}

async function outcome(check: ReadinessCheck, timeout: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeout} ms`), timeout);
  });
  try {
    return await Promise.race([check().then(() => 'ok'), late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
