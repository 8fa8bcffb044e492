import { HttpException } from '@nestjs/common';
import { ZodError } from 'zod';
import { asUnavailable } from './unavailable.ts';

export interface ProblemOptions {
  readonly status: number;
  /** URI of the standard's exception, e.g. `http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job`. */
  readonly type?: string;
  readonly title: string;
  readonly detail?: string | undefined;
  /** Further members of the problem object. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An answer of RFC 7807: thrown anywhere below a controller, rendered by `ProblemFilter`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string | undefined;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(options: ProblemOptions) {
    super(options.detail === undefined ? options.title : `${options.title}: ${options.detail}`, { cause: options.cause });
    this.status = options.status;
    this.type = options.type ?? 'about:blank';
    this.title = options.title;
    this.detail = options.detail;
    this.extra = options.extra ?? {};
    this.headers = options.headers ?? {};
  }

  /** The problem object of RFC 7807, section 3.1. */
  body(): Record<string, unknown> {
    return {
      type: this.type,
      title: this.title,
      status: this.status,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...this.extra,
    };
  }
}

/** What a client is told about an error. Causes that are ours (500) stay out of the answer. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ZodError) return invalid(error);
  const away = asUnavailable(error);
  if (away) {
    return new Problem({
      status: 503,
      title: 'Service unavailable',
      detail: `${away.message}; try again in ${away.retryAfter} s`,
      headers: { 'retry-after': String(away.retryAfter) },
      cause: error,
    });
  }
  if (error instanceof HttpException) return fromHttp(error);
  const status = statusOf(error);
  if (status !== undefined && error instanceof Error)
    return new Problem({ status, title: titleOf(status), detail: error.message, cause: error });
  return new Problem({
    status: 500,
    title: 'Internal error',
    detail: 'the request failed on our side; the log has the reason',
    cause: error,
  });
}

/** `inputs.bands[0]: expected string` for each fault; the first path also as `path`. */
function invalid(error: ZodError): Problem {
  const faults = error.issues.map(({ path, message }) => ({ path: pathOf(path), message }));
  return new Problem({
    status: 400,
    title: 'Invalid request',
    detail: faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '),
    extra: { errors: faults },
    cause: error,
  });
}

export function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );
}

function fromHttp(error: HttpException): Problem {
  const status = error.getStatus();
  const response = error.getResponse();
  const message: unknown = typeof response === 'string' ? response : Reflect.get(response, 'message');
  const detail = Array.isArray(message) ? message.map(String).join('; ') : typeof message === 'string' ? message : error.message;
  return new Problem({ status, title: titleOf(status), detail, cause: error });
}

/** Fastify's own errors (body too large, malformed JSON) name their 4xx status. */
function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error ? (Reflect.get(error, 'statusCode') as unknown) : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Unprocessable',
  429: 'Too many requests',
  503: 'Service unavailable',
};

function titleOf(status: number): string {
  return titles[status] ?? (status < 500 ? 'Bad request' : 'Internal error');
}
