import { embeddedPolicy, openAuthenticator, policyServer } from '@runnel/access';
import { connect, durablePlans, ensureTopology, RunnelTransport, startRelay } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import { openObjectStore, tellFaults } from '@runnel/objects';
import { openDatabase, waitForSchema } from '@runnel/postgres';
import { createLogger, createMetrics, nothingOpened, objectStoreErrors, runService } from '@runnel/service';
import type { Logger, Opened } from '@runnel/service';
import { openAuditLog } from './audit/audit-log.ts';
import { startSealing } from './audit/seal-audit.ts';
import { ApiModule, controllers, faceRoutes } from './api-module.ts';
import { installBuiltIns, withBuiltIns } from './built-in/built-ins.ts';
import { startCallbackSender } from './callbacks/callback-sender.ts';
import type { ApiConfig } from './config.ts';
import type { ApiContext } from './context.ts';
import { takePipelineEvents } from './events/take-event.ts';
import { openStatusFeed } from './follow/status-feed.ts';
import { checkAccess } from './http/access-hook.ts';
import { createAdapter } from './http/adapter.ts';
import { takeWaitingConnections } from './http/take-waiting-connections.ts';
import { addAnswerHeaders } from './http/answer-headers.ts';
import { routesOf } from './http/open-api.ts';
import { refuseOtherMethods } from './http/other-methods.ts';
import { createLimiter } from './limits/limit-requests.ts';
import { apiMetrics } from './metrics.ts';
import { ObjectFaultFilter } from './object-fault-filter.ts';
import { openDocumentLoader } from './processes/load-document.ts';
import { openEvents } from './events/keep-event.ts';
import { openAcceptances } from './runs/acceptances.ts';
import { openKnownRuns } from './runs/known-runs.ts';
import { openKnownProcesses } from './processes/known-processes.ts';
import { openPackages } from './processes/packages.ts';
import { answerExecutors } from './secrets/answer-executors.ts';
import { openSeal } from './secrets/seal.ts';
import { startTriggers } from './triggers/start-triggers.ts';
import { openKnownWorkspaces } from './workspaces/known-workspaces.ts';
import { startRemovals } from './workspaces/remove-workspaces.ts';

export interface ApiOptions {
  /** Default: JSON lines on standard output. */
  readonly logger?: Logger;
}

export interface RunningApi {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Finishes what is in flight, ends what follows runs, closes. */
  close(): Promise<void>;
}

/** Starts the api with connections of its own; resolves when it listens. Rejects where the database lacks its schema after a minute. */
export async function startApi(config: ApiConfig, options: ApiOptions = {}): Promise<RunningApi> {
  const logger = options.logger ?? createLogger({ service: 'api', level: config.logLevel });
  const opened = nothingOpened();
  try {
    const stopping = new AbortController();
    const context = await openContext(config, logger, stopping.signal, opened);
    return await serve(context, stopping, opened);
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function openContext(config: ApiConfig, logger: Logger, stopping: AbortSignal, opened: Opened): Promise<ApiContext> {
  await waitForSchema(config.postgresUrl);
  const onIdleError = (error: Error): void => logger.warn({ reason: error.message }, 'lost a connection to Postgres');
  const database = await openDatabase({ url: config.postgresUrl, name: 'runnel-api', poolSize: 12, onIdleError });
  opened.push(() => database.close());
  const registry = createMetrics('api');
  const objects = tellFaults(await openObjectStore(config.objects), objectStoreErrors(registry));
  const messaging = await openMessaging(config, logger);
  opened.push(() => messaging.close());
  const relay = startRelay({ messaging, pool: database.pool, metrics: registry });
  opened.push(() => relay.close());
  const { oidcIssuer: issuer, oidcAudiences: audiences, oidcLeewaySeconds: leeway } = config;
  const oidc = issuer === undefined ? undefined : { issuer, audiences, leeway };
  const authenticator = openAuthenticator(database, { oidc, runTokenKey: config.runTokenKey });
  opened.push(() => authenticator.close());
  const policy = config.policyUrl === undefined ? embeddedPolicy() : policyServer({ url: config.policyUrl });
  const audit = openAuditLog(database);
  const sealing = startSealing({ database, objects, audit, logger });
  opened.push(() => sealing.close());
  // The feed reads a stream, which may not have been declared yet.
  await ensureTopology(messaging);
  const feed = openStatusFeed(messaging);
  opened.push(() => feed.close());
  const callbacks = startCallbackSender({ config, database, objects, logger, feed });
  opened.push(() => callbacks.close());
  const loader = openDocumentLoader({ hosts: [...config.documentHosts, ...config.outboundHosts], logger });
  opened.push(() => loader.close());
  const packages = openPackages(objects);
  const builtIns = await installBuiltIns(objects);
  const processes = withBuiltIns(openKnownProcesses(database), builtIns);
  opened.push(() => processes.close());
  const runs = openKnownRuns(database);
  opened.push(() => runs.close());
  const metrics = apiMetrics(registry);
  const workspaces = await openKnownWorkspaces(database, logger);
  opened.push(() => workspaces.close());
  const services = {
    workspaces,
    acceptances: openAcceptances(database),
    keepEvent: openEvents(database, config.triggerDepth),
    limiter: createLimiter({ config, workspaces, metrics }),
    seal: config.secretsKeys === undefined ? undefined : openSeal(config.secretsKeys),
    config,
    logger,
    registry,
    metrics,
    database,
    objects,
    messaging,
    relay,
    authenticator,
    policy,
    audit,
    packages,
    processes,
    runs,
    builtIns,
    loader,
    feed,
    stopping,
    routes: faceRoutes,
  };
  const triggers = startTriggers(services);
  opened.push(() => triggers.close());
  const context = { ...services, triggers };
  const removals = startRemovals(context);
  opened.push(() => removals.close());
  const secrets = answerExecutors(context);
  opened.push(() => secrets.close());
  const pipelines = takePipelineEvents(context);
  opened.push(() => pipelines.close());
  return context;
}

function openMessaging(config: ApiConfig, logger: Logger): Promise<Messaging> {
  const { natsUrl: url, natsUser: user, natsPassword: password, prefix } = config;
  return connect({ url, user, password, prefix, service: 'api', logger });
}

async function serve(context: ApiContext, stopping: AbortController, opened: Opened): Promise<RunningApi> {
  const { config, logger, messaging, objects, database, registry, policy } = context;
  const plans = durablePlans(config.prefix).filter((plan) => plan.service === 'api' && plan.contracts.length > 0);
  const service = await runService({
    name: 'api',
    module: ApiModule.with(context),
    logger,
    host: config.host,
    port: config.port,
    adapter: createAdapter(config),
    operations: {
      metrics: registry,
      checks: new Map<string, () => Promise<unknown>>([
        ['postgres', () => database.pool.query('select 1')],
        ['nats', () => messaging.ping()],
        ['objects', () => objects.ping()],
        ...(config.policyUrl === undefined ? [] : ([['policy', () => policy.ping()]] as const)),
      ]),
    },
    strategy: () => new RunnelTransport({ messaging, consumers: plans.map((plan) => ({ plan })), metrics: registry }),
    configure: (app) => {
      app.useGlobalFilters(new ObjectFaultFilter(logger));
      const fastify = app.getHttpAdapter().getInstance();
      addAnswerHeaders(fastify, context);
      refuseOtherMethods(fastify, routesOf(controllers));
      checkAccess(fastify, context);
      // Followers hold their connections open; the server would wait for them.
      fastify.addHook('preClose', (done) => {
        stopping.abort();
        done();
      });
      fastify.addHook('preClose', () => takeWaitingConnections(fastify.server));
    },
    onShutdown: opened.closeAll,
  });
  return { url: service.url, close: () => service.close() };
}
