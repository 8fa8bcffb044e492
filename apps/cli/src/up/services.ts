import { builtImages } from '@runnel/sandbox';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ApiConfig, startApi } from '@runnel/api';
import { ClusterConfig, ExecutorConfig, startExecutor } from '@runnel/executor';
import { HarvesterConfig, startHarvester } from '@runnel/harvester';
import { IngesterConfig, startIngester } from '@runnel/ingester';
import { SchedulerConfig, startScheduler } from '@runnel/scheduler';
import { createLogger, environmentOf } from '@runnel/service';
import type { ServiceName } from './service-names.ts';
import type { BusAccess, DatabaseAccess } from './servers.ts';

export interface Surroundings {
  folder: string;
  database: DatabaseAccess;
  bus: BusAccess;
  objects: string;
  host: string;
  port: number;
  publicUrl?: string | undefined;
  publicEcho?: boolean | undefined;
  callbackSecret: string;
  outboundHosts?: string | undefined;
  expressionSeconds?: number | undefined;
  runTokenKey: string;
  policyUrl?: string | undefined;
  secretsKeys: string;
  oidcIssuer?: string | undefined;
  oidcAudiences?: string | undefined;
  images?: string | undefined;
  slots?: number | undefined;
  backend?: 'process' | 'kubernetes' | undefined;
  kubeconfig?: string | undefined;
  stagingUrl?: string | undefined;
  repositories?: string | undefined;
  pollSeconds?: number | undefined;
}

/** What an operator limits by the environment, as where each service is a program of its own. */
const SchedulerLimits = SchedulerConfig.pick({ runLimit: true, stepLimit: true });
const ExecutorLimits = ExecutorConfig.pick({ diskLimit: true });

/** A service that runs in this process. */
export interface Started {
  name: ServiceName;
  url: string;
  /** What `up` prints beside its name. */
  about?: string;
  close(): Promise<void>;
}

/** Starts one service with its own connections, as its own program would. */
export async function startService(name: ServiceName, surroundings: Surroundings): Promise<Started> {
  const { folder, database, bus, objects, host, port, images, slots, expressionSeconds, repositories, pollSeconds } = surroundings;
  const {
    publicUrl,
    publicEcho = isLoopback(host),
    callbackSecret,
    outboundHosts,
    policyUrl,
    oidcIssuer,
    oidcAudiences,
    runTokenKey,
    secretsKeys,
  } = surroundings;
  const common = { natsUrl: bus.url, objects, ...bus.userOf(name) };
  const options = { logger: createLogger({ service: name }) };
  switch (name) {
    case 'api':
      return running(
        name,
        await startApi(
          ApiConfig.parse({
            ...ownInput(ApiConfig, [
              'secretsKeys',
              'tokenRequestsPerSecond',
              'workspaceRequestsPerSecond',
              'bodyPatienceSeconds',
              'sessionHours',
            ]),
            ...common,
            postgresUrl: database.urlOf(name),
            host,
            port,
            publicUrl,
            publicEcho,
            callbackSecret,
            outboundHosts,
            policyUrl,
            oidcIssuer,
            oidcAudiences,
            runTokenKey,
            ...(process.env['RUNNEL_SECRETS_KEYS'] === undefined && { secretsKeys }),
          }),
          options,
        ),
      );
    case 'scheduler': {
      const config = SchedulerConfig.parse({
        ...environmentOf(SchedulerLimits, process.env),
        ...common,
        postgresUrl: database.urlOf(name),
        schedulerId: nameFor(folder),
        expressionSeconds,
      });
      return running(name, await startScheduler(config, options));
    }
    case 'executor': {
      const config = ExecutorConfig.parse({
        ...environmentOf(ExecutorLimits, process.env),
        ...common,
        workDir: join(folder, 'work'),
        hidden: folder,
        runTokenKey,
        images: images ?? builtImages(),
        slots,
        expressionSeconds,
        executorId: nameFor(folder),
        ...(surroundings.backend === 'kubernetes' && clusterInput(surroundings)),
      });
      const executor = await startExecutor(config, options);
      return { ...running(name, executor), about: `${executor.id}, isolation: ${executor.isolation}` };
    }
    case 'ingester':
      return running(
        name,
        await startIngester(
          IngesterConfig.parse({ ...ownInput(IngesterConfig, ['billingWindowSeconds']), ...common, postgresUrl: database.urlOf(name) }),
          options,
        ),
      );
    case 'harvester': {
      const config = HarvesterConfig.parse({
        ...common,
        pollSeconds,
        postgresUrl: database.urlOf(name),
        workDir: join(folder, 'repositories'),
        repositories,
      });
      return running(name, await startHarvester(config, options));
    }
  }
}

/** Nobody but this machine's users reaches such an address. */
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** What only an executor with a cluster needs: most of it from the environment, as for an executor of its own. */
function clusterInput({ backend, kubeconfig, stagingUrl }: Surroundings): Record<string, unknown> {
  return {
    ...environmentOf(ClusterConfig, process.env),
    backend,
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(stagingUrl !== undefined && { stagingUrl }),
  };
}

/** What `up` has no option for comes from the environment, as for a service of its own. */
function ownInput(schema: Parameters<typeof environmentOf>[0], names: readonly string[]): Record<string, string> {
  const said = environmentOf(schema, process.env);
  return Object.fromEntries(names.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]])));
}

const running = (name: ServiceName, service: { url: string; close(): Promise<void> }): Started => ({
  name,
  url: service.url,
  close: () => service.close(),
});

/**
 * The same on every start with this folder, which only one process has at a time: a scheduler that comes back under its name has its partitions
 * at once, and of an executor that comes back it is known that its predecessor is gone.
 */
function nameFor(folder: string): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 24);
  return `${host}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
}
