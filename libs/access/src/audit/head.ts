import { ObjectNotFound, ObjectTooLarge, readValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import { z } from 'zod';
import type { Sealed } from './chain.ts';
import { findSeal } from './seals.ts';

/** Where the latest seal stands outside the database: who changes both tables consistently does not change this. */
export const auditHeadKey = 'system/audit/head.json';

const AuditHead = z.object({ seal: z.string().regex(/^\d{1,19}$/), digest: z.string().regex(/^[0-9a-f]{64}$/) });
export type AuditHead = z.output<typeof AuditHead>;

export const headOf = ({ number, digest }: Sealed): AuditHead => ({ seal: number, digest: digest.toString('hex') });

/** What stands there; undefined where nothing was written yet, null where it is no head. Rejects where the object store is away. */
export async function readHead(objects: ObjectStore): Promise<AuditHead | null | undefined> {
  try {
    return AuditHead.safeParse(await readValue(objects, auditHeadKey, 1000)).data ?? null;
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    if (error instanceof SyntaxError || error instanceof ObjectTooLarge) return null;
    throw error;
  }
}

/** What is wrong with the tables by what the head says; undefined where they fit. They may be ahead of it by what was sealed since. */
export async function faultByHead(database: Pick<Database, 'pool'>, head: AuditHead | null): Promise<string | undefined> {
  if (!head) return `the head of the chain in the object store (${auditHeadKey}) cannot be read`;
  const found = await findSeal(database, head.seal);
  if (!found)
    return `the object store knows seal ${head.seal}, the database does not: seals were removed, or an older database was restored`;
  return headOf(found).digest === head.digest
    ? undefined
    : `seal ${head.seal} is not the one that the object store knows: the chain was written anew`;
}
