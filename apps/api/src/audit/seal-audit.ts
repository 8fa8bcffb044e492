import { auditHeadKey, faultByHead, headOf, lastSeal, readHead, sealEntries } from '@runnel/access';
import { putValue } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import { crashPoint, startLoop } from '@runnel/service';
import type { Logger } from '@runnel/service';
import type { AuditLog } from './audit-log.ts';

/** Milliseconds between two looks. */
const pause = 1000;
/** Looks after which it seals what others left, too. */
const patience = 10;

interface Services {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly audit: AuditLog;
  readonly logger: Logger;
}

/** Writes down what was counted and seals what was written, each second; any number of replicas do so beside each other. */
export function startSealing(services: Services): { close(): Promise<void> } {
  const { audit, logger } = services;
  let sealed = 0;
  // The first look is for what a process before this one left.
  let idle = patience - 1;
  let told: string | undefined;
  const look = async (last: boolean): Promise<void> => {
    await audit.flush();
    const written = audit.written();
    if (written === sealed && ++idle % patience !== 0 && !last) return;
    const fault = await sealOnce(services);
    sealed = written;
    if (fault !== undefined && fault !== told) logger.error({ fault }, 'the audit log was tampered with: runnel audit verify');
    told = fault;
  };
  const failed = (error: unknown): void => logger.warn({ error }, 'the audit log is not sealed; it is tried again');
  const loop = startLoop(() => look(false), pause, failed);
  return {
    // The last look comes after the last request.
    async close() {
      await loop.close();
      await look(true).catch(failed);
    },
  };
}

/** Seals what is written and brings the head up to the chain. One that the chain does not fit is the proof of what happened, and stays: returns why. */
async function sealOnce({ database, objects }: Services): Promise<string | undefined> {
  while (await sealEntries(database));
  const last = headOf(await lastSeal(database));
  const head = await readHead(objects);
  if (last.seal === (head?.seal ?? '0') && last.digest === (head?.digest ?? last.digest)) return undefined;
  const fault = head === undefined ? undefined : await faultByHead(database, head);
  if (fault !== undefined) return fault;
  crashPoint('api.audit.before-head');
  await putValue(objects, auditHeadKey, last);
  crashPoint('api.audit.after-head');
  return undefined;
}
