import { readEvents } from './sse.ts';
import type { ServerEvent } from './sse.ts';
import { currentUser } from './session.ts';

/** The API lies beside the console, whatever path a proxy puts before both. */
const root = new URL('../', import.meta.url);

/** What is wrong with a document or a value, and where. */
export interface Fault {
  readonly path?: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** An answer that is an error (RFC 7807), or no answer: status 0. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: number;
  readonly faults: readonly Fault[];

  constructor(status: number, message: string, faults: readonly Fault[] = []) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

type Listener = (problem: ApiProblem) => void;
let onUnauthorized: Listener = () => undefined;
/** Whoever shows the sign-in page hears of a token that is no longer accepted. */
export function whenUnauthorized(listener: Listener): void {
  onUnauthorized = listener;
}

export interface ApiRequest extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of that of who is signed in. */
  readonly token?: string;
}

/** One request as who is signed in. Throws ApiProblem. */
export async function ask(path: string, { token, headers, ...init }: ApiRequest = {}): Promise<Response> {
  const address = addressOf(path);
  const secret = token ?? currentUser()?.token;
  const all = { ...headers, ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }) };
  let answer: Response;
  try {
    answer = await fetch(address, { ...init, headers: all, credentials: 'omit', redirect: 'error' });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiProblem(0, 'Runnel does not answer. Is it running, and does the network reach it?');
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (answer.status === 401 && token === undefined) onUnauthorized(problem);
  throw problem;
}

/** A token goes to this service only: other hosts are never asked. */
function addressOf(path: string): URL {
  const address = new URL(path.startsWith('/') ? path.slice(1) : path, root);
  if (address.origin !== root.origin) throw new ApiProblem(0, `${address.origin} is another host: open the address yourself`);
  return address;
}

/** Path of an address of this service, also where it names itself otherwise (a proxy); undefined: it is another's. */
export function ownPath(href: string): string | undefined {
  const address = new URL(href, root);
  const within = /\/(?:workspaces|[^/]+\/ogc-api)\/.*$/.exec(address.pathname)?.[0];
  return address.origin === root.origin
    ? address.pathname.slice(root.pathname.length - 1)
    : address.host === location.host
      ? within
      : undefined;
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  const text = await answer.text();
  try {
    const { detail, title, errors } = JSON.parse(text) as { detail?: string; title?: string; errors?: Fault[] };
    return new ApiProblem(answer.status, detail ?? title ?? answer.statusText, errors);
  } catch {
    return new ApiProblem(answer.status, text.slice(0, 300) || answer.statusText);
  }
}

export async function askJson<T>(path: string, init: ApiRequest = {}): Promise<T> {
  const answer = await ask(path, { ...init, headers: { accept: 'application/json', ...init.headers } });
  return (await answer.json()) as T;
}

export const jsonBody = (value: unknown, method = 'POST'): ApiRequest => ({
  method,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});

/** Text as it arrives. */
export async function* askText(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const { body } = await ask(path, { signal });
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

/** Server-sent events. Not by EventSource: that would need the token in the address. */
export async function* askEvents(path: string, signal: AbortSignal, lastId: string | undefined): AsyncGenerator<ServerEvent> {
  const { body } = await ask(path, {
    signal,
    headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
  });
  if (!body) return;
  const parse = readEvents();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield* parse(part.value);
}

/** A path segment. */
export const segment = encodeURIComponent;

/** A whole address of something of this service, for values that travel. */
export const absolute = (path: string): string => new URL(path.startsWith('/') ? path.slice(1) : path, root).href;
