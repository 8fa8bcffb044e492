import { lookup as resolve } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { request as requestHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { isPublicAddress } from './public-address.ts';

/** Why a request to an address that a user named was not made, or not answered. The message may be shown to that user. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}

export interface OutboundRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Hosts (name, or name:port) that may be asked although their addresses are private. */
  readonly allowedHosts: readonly string[];
  /** Redirects that are followed; each is checked like the first address. */
  readonly redirects: number;
  /** Aborts after the time that all of it may take. */
  readonly signal: AbortSignal;
  /** How names are resolved; default: the system's way. */
  readonly resolve?: Resolve;
}

type Resolve = (
  host: string,
  options: LookupOptions & { all: true },
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Must be read or destroyed. */
  readonly body: Readable;
}

/**
 * A request to an address that a user named. Only http and https, only to public addresses or hosts that the administrator allowed. What is
 * connected to is the very address that was checked, so a name that changes its answer gains nothing; no credentials are sent, no proxy is used.
 */
export async function requestOutbound(address: string, options: OutboundRequest): Promise<OutboundAnswer> {
  let current = address;
  // A query may hold a signature.
  const shown = address.replace(/[?#][^]*$/, '');
  for (let hop = 0; ; hop += 1) {
    const answer = await requestOnce(checkedUrl(current, options.allowedHosts), options);
    const { location } = answer.headers;
    if (answer.statusCode === undefined) throw new OutboundRefused(`${shown} does not answer in HTTP`);
    if (answer.statusCode < 300 || answer.statusCode >= 400 || location === undefined || answer.statusCode === 304)
      return { status: answer.statusCode, headers: answer.headers, body: answer };
    answer.destroy();
    if (hop === options.redirects) throw new OutboundRefused(`${shown} redirects more than ${options.redirects} times`);
    if (!URL.canParse(location, current)) throw new OutboundRefused(`${shown} redirects to what is no address`);
    current = new URL(location, current).href;
  }
}

/** Why an address is never asked, as far as it says so itself; undefined where it may be. */
export function refusalOf(address: string, allowedHosts: readonly string[]): string | undefined {
  try {
    checkedUrl(address, allowedHosts);
    return undefined;
  } catch (error) {
    if (error instanceof OutboundRefused) return error.message;
    throw error;
  }
}

/** `new URL` reads decimal, octal and hexadecimal addresses as what they are: 2130706433 is 127.0.0.1. */
function checkedUrl(address: string, allowedHosts: readonly string[]): { url: URL; allowed: boolean } {
  if (!URL.canParse(address)) throw new OutboundRefused(`${JSON.stringify(address)} is no address`);
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutboundRefused(`${url.protocol} addresses are not asked`);
  if (url.username !== '' || url.password !== '') throw new OutboundRefused('an address with a user name or password is not asked');
  const allowed = allowedHosts.includes(url.host) || allowedHosts.includes(url.hostname);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowed && isIP(literal) !== 0 && !isPublicAddress(literal)) throw privateHost(url.host);
  return { url, allowed };
}

const privateHost = (host: string): OutboundRefused =>
  new OutboundRefused(`${host} is not a public address: the administrator can allow it (RUNNEL_OUTBOUND_HOSTS)`);

function requestOnce({ url, allowed }: { url: URL; allowed: boolean }, options: OutboundRequest): Promise<IncomingMessage> {
  const { method, headers = {}, body, signal } = options;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((done, refuse) => {
    const settings: RequestOptions = {
      method,
      headers: { 'user-agent': 'runnel', ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
      signal,
      // No pooling: a connection that is kept could have been opened under other rules.
      agent: false,
      lookup: (host, lookupOptions, answer) => lookUp(host, lookupOptions, options.resolve ?? resolve, allowed, answer),
    };
    const request = send(url, settings, done);
    request.on('error', (error) => refuse(reasonOf(error, url, signal)));
    request.end(body);
  });
}

function reasonOf(error: Error, { host }: URL, signal: AbortSignal): OutboundRefused {
  if (error instanceof OutboundRefused) return error;
  if (signal.aborted) return new OutboundRefused(`${host} does not answer in time`, { cause: error });
  const code: unknown = Reflect.get(error, 'code');
  return new OutboundRefused(`${host} cannot be reached (${typeof code === 'string' ? code : error.message})`, { cause: error });
}

/** All addresses of a name have to be public: which one is tried is not ours to say. */
function lookUp(
  host: string,
  options: LookupOptions,
  ask: Resolve,
  allowed: boolean,
  answer: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
): void {
  ask(host, { ...options, all: true }, (error, found) => {
    const [first] = found ?? [];
    if (error || !first) answer(error ?? new OutboundRefused(`${host} has no address`), []);
    else if (!allowed && !found.every(({ address }) => isPublicAddress(address))) answer(privateHost(host), []);
    else if (options.all === true) answer(null, found);
    else answer(null, first.address, first.family);
  });
}
