/** Something this service needs (Postgres, NATS, the object store) cannot answer now: faces answer 503, consumers wait and try again. */
export class ServiceUnavailable extends Error {
  override readonly name = 'ServiceUnavailable';
  /** What is away, for people: `Postgres`, `NATS`. */
  readonly service: string;
  /** Seconds after which to ask again. */
  readonly retryAfter: number;

  constructor(service: string, options?: { cause?: unknown; retryAfter?: number }) {
    super(`${service} is not available`, { cause: options?.cause });
    this.service = service;
    this.retryAfter = options?.retryAfter ?? 2;
  }
}

const systemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
]);
// Connection exceptions (08), no resources (53), stopping or starting (57P0x).
const sqlStates = /^(08...|53...|57P0.)$/;
const pgMessages = /connection terminated|timeout exceeded when trying to connect|not queryable|connection ended/i;
const natsNames: ReadonlySet<string> = new Set([
  'ConnectionError',
  'ClosedConnectionError',
  'DrainingConnectionError',
  'NoResponders',
  'NoRespondersError',
  'TimeoutError',
  'JetStreamNotEnabled',
]);

/**
 * Recognises a fault of the way to Postgres, NATS or the object store, whoever threw it and however it was wrapped. Errors of libraries
 * are told by name, SQLSTATE or errno, since this library depends on none of them.
 */
export function asUnavailable(error: unknown): ServiceUnavailable | undefined {
  for (let cause = error, depth = 0; cause !== undefined && cause !== null && depth < 8; depth += 1) {
    const found = recognise(cause);
    if (found) return found;
    if (cause instanceof AggregateError && cause.errors.length > 0) cause = cause.errors[0];
    else cause = property(cause, 'driverError') ?? property(cause, 'cause');
  }
  return undefined;
}

export function isUnavailable(error: unknown): boolean {
  return asUnavailable(error) !== undefined;
}

function recognise(error: unknown): ServiceUnavailable | undefined {
  if (error instanceof ServiceUnavailable) return error;
  // Not by instanceof: an error may come from another copy of a library, or another realm.
  if (typeof error !== 'object' || error === null) return undefined;
  const code = property(error, 'code');
  const name = property(error, 'name');
  const message = property(error, 'message');
  if (name === 'ServiceUnavailable' || name === 'ObjectStoreUnavailable') {
    const service = property(error, 'service');
    const retryAfter = property(error, 'retryAfter');
    return new ServiceUnavailable(typeof service === 'string' ? service : 'a service', {
      cause: error,
      ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
    });
  }
  if (typeof code === 'string' && sqlStates.test(code)) return new ServiceUnavailable('Postgres', { cause: error });
  if (typeof message === 'string' && pgMessages.test(message)) return new ServiceUnavailable('Postgres', { cause: error });
  if ([name, error.constructor.name].some((candidate) => typeof candidate === 'string' && natsNames.has(candidate)))
    return new ServiceUnavailable('NATS', { cause: error });
  // JetStream itself is away or has no room: its answers carry an HTTP-like status.
  if (error.constructor.name === 'JetStreamApiError' && property(error, 'status') === 503)
    return new ServiceUnavailable('NATS', { cause: error });
  if (typeof code === 'string' && systemCodes.has(code)) return new ServiceUnavailable('a service', { cause: error });
  return undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}
