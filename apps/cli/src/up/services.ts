import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createLogger, environmentOf, type Logger } from '@runnel/service';
import type { ServiceName } from './service-names.ts';

/** How a service reaches the stores, as its configuration says it. Executors have no database. */
export interface Access {
  natsUrl: string;
  natsUser?: string;
  natsPassword?: string;
  postgresUrl?: string;
}

/** Plain data: it goes to the thread in which a service runs. */
export interface Surroundings {
  folder: string;
  access: Readonly<Record<ServiceName, Access>>;
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

/** What is told of a service that runs. */
export interface About {
  name: ServiceName;
  url: string;
  /** What `up` prints beside its name. */
  about?: string;
}

/** A service that runs in this thread. */
export interface Started extends About {
  close(this: void): Promise<void>;
}

/** Starts one service with its own connections, as its own program would. Only its own code is loaded. */
export async function startService(name: ServiceName, surroundings: Surroundings): Promise<Started> {
  const common = { ...surroundings.access[name], objects: surroundings.objects };
  const { service, about } = await starters[name](surroundings, common, { logger: createLogger({ service: name }) });
  return { name, url: service.url, ...(about === undefined ? {} : { about }), close: () => service.close() };
}

type Start = (
  surroundings: Surroundings,
  common: Access & { objects: string },
  options: { logger: Logger },
) => Promise<{ service: { url: string; close(): Promise<void> }; about?: string }>;

const starters: Record<ServiceName, Start> = {
  async api({ host, port, secretsKeys, ...surroundings }, common, options) {
    const { ApiConfig, startApi } = await import('@runnel/api');
    const { publicUrl, publicEcho = isLoopback(host), callbackSecret, outboundHosts } = surroundings;
    const { policyUrl, oidcIssuer, oidcAudiences, runTokenKey } = surroundings;
    const config = ApiConfig.parse({
      ...ownInput(ApiConfig, [
        'secretsKeys',
        'tokenRequestsPerSecond',
        'workspaceRequestsPerSecond',
        'bodyPatienceSeconds',
        'sessionHours',
      ]),
      ...common,
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
    });
    return { service: await startApi(config, options) };
  },

  async scheduler({ folder, expressionSeconds }, common, options) {
    const { SchedulerConfig, startScheduler } = await import('@runnel/scheduler');
    const own = ownInput(SchedulerConfig, ['runLimit', 'stepLimit']);
    const config = SchedulerConfig.parse({ ...own, ...common, schedulerId: nameFor(folder), expressionSeconds });
    return { service: await startScheduler(config, options) };
  },

  async executor({ folder, runTokenKey, images, slots, expressionSeconds, ...surroundings }, common, options) {
    const [{ ClusterConfig, ExecutorConfig, startExecutor }, { builtImages }] = await Promise.all([
      import('@runnel/executor'),
      import('@runnel/sandbox'),
    ]);
    const { backend, kubeconfig, stagingUrl } = surroundings;
    const config = ExecutorConfig.parse({
      ...ownInput(ExecutorConfig, ['diskLimit']),
      ...common,
      workDir: join(folder, 'work'),
      hidden: folder,
      runTokenKey,
      images: images ?? builtImages(),
      slots,
      expressionSeconds,
      executorId: nameFor(folder),
      // Most of what only a cluster needs comes from the environment, as for an executor of its own.
      ...(backend === 'kubernetes' && {
        ...environmentOf(ClusterConfig, process.env),
        backend,
        ...(kubeconfig !== undefined && { kubeconfig }),
        ...(stagingUrl !== undefined && { stagingUrl }),
      }),
    });
    const service = await startExecutor(config, options);
    return { service, about: `${service.id}, isolation: ${service.isolation}` };
  },

  async ingester(_surroundings, common, options) {
    const { IngesterConfig, startIngester } = await import('@runnel/ingester');
    const config = IngesterConfig.parse({ ...ownInput(IngesterConfig, ['billingWindowSeconds']), ...common });
    return { service: await startIngester(config, options) };
  },

  async harvester({ folder, repositories, pollSeconds }, common, options) {
    const { HarvesterConfig, startHarvester } = await import('@runnel/harvester');
    const config = HarvesterConfig.parse({ ...common, pollSeconds, workDir: join(folder, 'repositories'), repositories });
    return { service: await startHarvester(config, options) };
  },
};

/** Nobody but this machine's users reaches such an address. */
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** What `up` has no option for comes from the environment, as for a service of its own. */
function ownInput(schema: Parameters<typeof environmentOf>[0], names: readonly string[]): Record<string, string> {
  const said = environmentOf(schema, process.env);
  return Object.fromEntries(names.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]])));
}

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
