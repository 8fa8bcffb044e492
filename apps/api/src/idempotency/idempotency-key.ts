import { createHash } from 'node:crypto';
import type { Database, Write } from '@runnel/postgres';
import { Problem } from '@runnel/service';
import type { FastifyRequest } from 'fastify';

/** A request that its sender may repeat: what it led to is recorded under its key, in the transaction that does it. */
export interface IdempotentRequest {
  readonly workspace: string;
  readonly key: string;
  /** sha256 of what is asked for. */
  readonly digest: Buffer;
}

/** The same key was recorded by another request in this instant: what that one led to counts. */
export class KeyTaken extends Error {
  override readonly name = 'KeyTaken';
}

/** The request's `Idempotency-Key`; undefined where it has none. `asked`: all that makes the request what it is. 400 for one that is none. */
export function idempotentRequest(request: FastifyRequest, asked: readonly unknown[]): IdempotentRequest | undefined {
  const { 'idempotency-key': key } = request.headers;
  if (key === undefined) return undefined;
  const refuse = (reason: string): Problem => new Problem({ status: 400, title: 'Bad request', detail: `Idempotency-Key: ${reason}` });
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) throw refuse('1 to 255 visible ASCII characters are expected');
  const { principal } = request;
  if (principal.kind !== 'token') throw refuse('callers without a token have none: their requests cannot be told apart');
  return { workspace: principal.workspace, key, digest: createHash('sha256').update(JSON.stringify(asked)).digest() };
}

/** What the same request led to before; undefined: it is new. 422 where the key was another request's. */
export async function findIdempotent({ pool }: Pick<Database, 'pool'>, asked: IdempotentRequest): Promise<string | undefined> {
  const { rows } = await pool.query<{ request: Buffer; result: string }>({
    name: 'find-idempotent',
    text: `select request, result from idempotency_keys where workspace = $1 and key = $2`,
    values: [asked.workspace, asked.key],
  });
  const [found] = rows;
  if (!found) return undefined;
  if (found.request.equals(asked.digest)) return found.result;
  const detail = `the Idempotency-Key "${asked.key}" came with another request before: each has its own`;
  throw new Problem({ status: 422, title: 'Another request', detail });
}

/** Records what the request led to; the check throws KeyTaken. */
export function recordIdempotent({ workspace, key, digest }: IdempotentRequest, result: string): Write {
  return {
    name: 'record-idempotent',
    text: 'insert into idempotency_keys (workspace, key, request, result) values ($1, $2, $3, $4) on conflict do nothing returning 1 as one',
    values: [workspace, key, digest, result],
    check: (rows) => {
      if (rows.length === 0) throw new KeyTaken(`the key ${key} of ${workspace} was recorded meanwhile`);
    },
  };
}
