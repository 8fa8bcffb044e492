/** A server under test: the address of its landing page, and the process that gives its inputs back. */
export interface Subject {
  /** `http://127.0.0.1:8080/demo/ogc-api` */
  readonly base: string;
  /** Sent with every request; absent: none is. */
  readonly token?: string | undefined;
}

export interface Link {
  readonly href: string;
  readonly rel: string;
  readonly type?: string;
}

/** A value of an answer, of which nothing is known. */
export type Data = { readonly [name: string]: unknown };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly type: string;
  readonly text: string;
  /** The body as a JSON object; a fault where it is none. */
  json(): Data;
  links(): readonly Link[];
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export const json = 'application/json';

/** A request to a path below the landing page, or to an address that an answer gave. */
export async function send({ base, token }: Subject, path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  const address = /^https?:/.test(path) ? path : base + path;
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const init = { method, headers: { accept: json, ...authorization, ...headers }, ...(body === undefined ? {} : { body }) };
  const response = await fetch(address, init);
  const text = await response.text();
  const read = (): Data => {
    const value: unknown = JSON.parse(text);
    if (!isData(value)) throw new Error(`${method} ${address}: expected a JSON object, found ${text.slice(0, 200)}`);
    return value;
  };
  return {
    status: response.status,
    headers: response.headers,
    type: (response.headers.get('content-type') ?? '').split(';')[0] ?? '',
    text,
    json: read,
    links: () => listOf(read()['links']).filter(isData) as unknown as Link[],
  };
}

/** An execute request of `echo`. */
export const execute = (subject: Subject, request: object, prefer?: string): Promise<Answer> =>
  send(subject, '/processes/echo/execution', {
    method: 'POST',
    headers: { 'content-type': json, ...(prefer === undefined ? {} : { prefer }) },
    body: JSON.stringify(request),
  });

/** Polls a job until it has ended, at the pace of its answers. */
export async function untilEnded(subject: Subject, job: string): Promise<Data> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const status = (await send(subject, job)).json();
    if (!['accepted', 'running'].includes(String(status['status']))) return status;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${job} does not end`);
}

export function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const mapOf = (value: unknown): Data => (isData(value) ? value : {});

/** Bodies of a multipart/related answer by Content-ID. */
export function partsOf({ headers, text }: Answer): ReadonlyMap<string, { type: string; location?: string | undefined; body: string }> {
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get('content-type') ?? '')?.[1] ?? '';
  const sections = text.split(`--${boundary}`).slice(1, -1);
  return new Map(
    sections.map((section) => {
      const [head = '', ...rest] = section.slice(2, -2).split('\r\n\r\n');
      const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
      return [
        field('Content-ID') ?? '',
        { type: field('Content-Type') ?? '', location: field('Content-Location'), body: rest.join('\r\n\r\n') },
      ];
    }),
  );
}
