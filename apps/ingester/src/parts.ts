import type { Messaging, Relay } from '@runnel/messaging';
import type { ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import type { Logger } from '@runnel/service';

/** What the ingester's handlers work with. */
export interface IngesterParts {
  database: Database;
  objects: ObjectStore;
  messaging: Messaging;
  relay: Pick<Relay, 'kick'>;
  logger: Logger;
}

/** Injection token of IngesterParts. */
export const Parts = Symbol('IngesterParts');
