import type { MsgHdrs } from '@nats-io/transport-node';
import { headers as newHeaders } from '@nats-io/transport-node';
import type { Contract } from '@runnel/contracts';
import { contracts, subjectOf, tokenOf, typeOf } from '@runnel/contracts';
import { currentTraceparent, pathOf } from '@runnel/service';
import type { Message, Outgoing } from './message.ts';

/** Bytes of a message's JSON (rule 12). */
export const largestMessageBytes = 512 * 1024;

/** A value that should have been stored as an object travels in a message. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
  readonly contract: string;
  /** Bytes. */
  readonly size: number;

  constructor(contract: string, size: number) {
    super(`${contract}: the message has ${size} bytes, the limit is ${largestMessageBytes}; large values are stored as objects`);
    this.contract = contract;
    this.size = size;
  }
}

/** A message as it travels: CloudEvents 1.0, binary mode (headers of the NATS protocol binding, section 3.1). */
export interface Wire {
  readonly id: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

export interface Stamp {
  readonly id: string;
  readonly time: string;
  /** Service that emits it. */
  readonly service: string;
  readonly prefix: string;
}

/** Puts a message into its envelope. Throws MessageTooLarge, and where the data does not fit the contract: both are bugs of the sender. */
export function seal(message: Outgoing, stamp: Stamp): Wire {
  const { contract } = message;
  const parsed = contract.schema.safeParse(message.data);
  if (!parsed.success) throw new Error(`${contract.name}: ${faults(parsed.error.issues)}`);
  const payload = JSON.stringify(parsed.data);
  const size = Buffer.byteLength(payload);
  if (size > largestMessageBytes) throw new MessageTooLarge(contract.name, size);
  const run = message.run ?? text(message.data, 'run');
  const workspace = message.workspace ?? text(message.data, 'workspace');
  const shard = message.shard ?? text(message.data, 'executor');
  const traceparent = message.traceparent ?? currentTraceparent();
  return {
    id: stamp.id,
    subject: subjectOf(contract, tokenOf(contract, { run, workspace, shard }), stamp.prefix),
    headers: {
      'ce-specversion': '1.0',
      'ce-id': stamp.id,
      'ce-type': typeOf(contract),
      'ce-source': `/runnel/${stamp.service}`,
      'ce-time': stamp.time,
      'content-type': 'application/json',
      ...(workspace === undefined ? {} : { 'ce-workspace': workspace }),
      ...(run === undefined ? {} : { 'ce-run': run }),
      ...(message.causation === undefined ? {} : { 'ce-causationid': message.causation }),
      ...(traceparent === undefined ? {} : { 'ce-traceparent': traceparent }),
    },
    payload,
  };
}

export type Opened = { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly reason: string };

const byType: ReadonlyMap<string, Contract> = new Map(contracts.map((contract) => [typeOf(contract), contract]));

/** Takes a message out of its envelope and checks it against its contract; what cannot be read has a reason, for the dead-letter stream. */
export function open(
  raw: { readonly subject: string; readonly headers?: MsgHdrs | undefined; readonly data: Uint8Array },
  deliveries = 1,
): Opened {
  const header = (name: string): string | undefined => raw.headers?.get(name) || undefined;
  const type = header('ce-type');
  if (type === undefined) return { ok: false, reason: 'it has no ce-type header' };
  const contract = byType.get(type);
  if (!contract) return { ok: false, reason: `its type ${type} is not known here` };
  const json = parse(raw.data);
  if (!json.ok) return json;
  const parsed = contract.schema.safeParse(json.value);
  if (!parsed.success) return { ok: false, reason: `${type}: ${faults(parsed.error.issues)}` };
  return {
    ok: true,
    message: {
      contract,
      data: parsed.data,
      id: header('ce-id') ?? '',
      time: header('ce-time') ?? '',
      source: header('ce-source') ?? '',
      subject: raw.subject,
      workspace: header('ce-workspace'),
      run: header('ce-run'),
      causation: header('ce-causationid'),
      traceparent: header('ce-traceparent'),
      deliveries,
    },
  };
}

export function toHeaders(record: Readonly<Record<string, string>>): MsgHdrs {
  const headers = newHeaders();
  for (const [name, value] of Object.entries(record)) headers.set(name, value);
  return headers;
}

export function fromHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries(headers?.keys().map((name) => [name, headers.get(name)]) ?? []);
}

function parse(data: Uint8Array): { ok: true; value: unknown } | { ok: false; reason: string } {
  if (data.byteLength > largestMessageBytes)
    return { ok: false, reason: `it has ${data.byteLength} bytes, the limit is ${largestMessageBytes}` };
  try {
    return { ok: true, value: JSON.parse(decoder.decode(data)) };
  } catch {
    return { ok: false, reason: 'its payload is not JSON' };
  }
}

const decoder = new TextDecoder();

function faults(issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  return issues.map(({ path, message }) => `${pathOf(path)}: ${message}`).join('; ');
}

function text(data: unknown, name: string): string | undefined {
  const value: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}
