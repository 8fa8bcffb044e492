import type { Authenticator, Policy } from '@runnel/access';
import type { Messaging, Relay } from '@runnel/messaging';
import type { ObjectStore } from '@runnel/objects';
import type { Database } from '@runnel/postgres';
import type { Logger, Registry } from '@runnel/service';
import type { AuditLog } from './audit/audit-log.ts';
import type { BuiltIns } from './built-in/built-ins.ts';
import type { ApiConfig } from './config.ts';
import type { KeepEvent } from './events/keep-event.ts';
import type { StatusFeed } from './follow/status-feed.ts';
import type { DocumentLoader } from './processes/load-document.ts';
import type { Acceptances } from './runs/acceptances.ts';
import type { KnownRuns } from './runs/known-runs.ts';
import type { KnownProcesses } from './processes/known-processes.ts';
import type { DescribedRoute } from './http/open-api.ts';
import type { Triggers } from './triggers/start-triggers.ts';
import type { Packages } from './processes/packages.ts';
import type { RequestLimiter } from './limits/limit-requests.ts';
import type { SecretSeal } from './secrets/seal.ts';
import type { KnownWorkspaces } from './workspaces/known-workspaces.ts';
import type { ApiMetrics } from './metrics.ts';

/** Routes of the faces that describe themselves. */
export type FaceRoutes = Readonly<Record<'ogc' | 'own' | 'eodh', readonly DescribedRoute[]>>;

/** Everything a route may use; made once in start.ts. */
export interface ApiContext {
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly metrics: ApiMetrics;
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly messaging: Messaging;
  readonly relay: Relay;
  readonly authenticator: Authenticator;
  readonly policy: Policy;
  readonly audit: AuditLog;
  readonly packages: Packages;
  readonly processes: KnownProcesses;
  readonly runs: KnownRuns;
  readonly builtIns: BuiltIns;
  readonly loader: DocumentLoader;
  readonly feed: StatusFeed;
  readonly triggers: Triggers;
  readonly workspaces: KnownWorkspaces;
  readonly acceptances: Acceptances;
  readonly keepEvent: KeepEvent;
  readonly limiter: RequestLimiter;
  readonly routes: FaceRoutes;
  /** Undefined: no key is configured, and no secret can be kept. */
  readonly seal: SecretSeal | undefined;
  /** Aborts when the service stops: ends what would keep its connection open. */
  readonly stopping: AbortSignal;
}

/** Nest's token for it. */
export const API_CONTEXT = Symbol('ApiContext');
