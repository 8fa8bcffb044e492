import type { Messaging, Relay } from '@runnel/messaging';
import type { ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import type { Counter, Logger } from '@runnel/service';
import type { LastAct } from './results/last-act.ts';

/** What the ingester's handlers work with. */
export interface IngesterParts {
  database: Database;
  objects: ObjectStore;
  /** What pipelines call the place of the objects: the bucket, or the folder's address. */
  bucket: string;
  messaging: Messaging;
  relay: Pick<Relay, 'kick'>;
  /** Makes a run's results visible. */
  lastAct: LastAct;
  logger: Logger;
  /** What came of harvested documents. */
  harvested: Counter<'outcome'>;
}

/** Injection token of IngesterParts. */
export const Parts = Symbol('IngesterParts');
