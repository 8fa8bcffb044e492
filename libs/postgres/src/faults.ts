/** Postgres cannot answer now: away, starting, out of connections, memory or disk, or too slow. Faces answer 503 with Retry-After; consumers try again. */
export class ServiceUnavailable extends Error {
  override readonly name = 'ServiceUnavailable';
  readonly service = 'Postgres';
  /** Seconds. */
  readonly retryAfter = 2;

  constructor(cause: unknown) {
    super(`Postgres is not available: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Somebody else appended to these runs first, or what was decided upon is not what the database holds. Load again and decide again. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  readonly runs: readonly string[];

  constructor(runs: readonly string[], options?: ErrorOptions) {
    super(`version conflict on ${runs.join(', ')}`, options);
    this.runs = runs;
  }
}

/** A value above the limit of an event: the caller stores it as an object and puts its address into the event (rule 12). */
export class ValueTooLarge extends Error {
  override readonly name = 'ValueTooLarge';
  /** Bytes of its JSON. */
  readonly size: number;

  constructor(path: string, size: number) {
    super(`${path} has ${size} bytes as JSON; above ${largestValueBytes} it must be stored as an object`);
    this.size = size;
  }
}

/** Bytes of JSON that one value of an event may have (rule 12). */
export const largestValueBytes = 256 * 1024;

const unavailableStates = /^(08|53|57P0|57014)/;
const unavailableCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT']);
const unavailableMessages =
  /connection terminated|timeout exceeded when trying to connect|^timeout expired$|not queryable|connection ended/i;

/** SQLSTATE or Node's error code, through TypeORM's wrapping. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('driverError' in error) return errorCode(error.driverError);
  return undefined;
}

/** True where the fault lies with the server or the way to it, and not with the statement. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof ServiceUnavailable) return true;
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  const code = errorCode(error);
  if (code !== undefined) return unavailableStates.test(code) || unavailableCodes.has(code);
  return error instanceof Error && unavailableMessages.test(error.message);
}

/** Serialization failure or deadlock: the same transaction may succeed when it is repeated. */
export function isRepeatable(error: unknown): boolean {
  const code = errorCode(error);
  return code === '40001' || code === '40P01';
}
