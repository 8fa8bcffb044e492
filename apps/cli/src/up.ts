import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lockFolder } from '@runnel/embedded';
import { closeOnSignals, createLogger, nothingOpened, startTracing, type Logger, type Opened } from '@runnel/service';
import { consoleAddress } from './client/console-address.ts';
import { CliError } from './client/cli-error.ts';
import { cannotListen } from './up/cannot-start.ts';
import { makeDataFolder, requireWhole, secretsOf, writeAddresses } from './up/data-folder.ts';
import { embeddedNats, embeddedPostgres, externalNats, externalPostgres, type BusAccess, type DatabaseAccess } from './up/servers.ts';
import { serviceNames, type ServiceName } from './up/service-names.ts';
import type { About, Access, Surroundings } from './up/services.ts';
import { startApart } from './up/start-apart.ts';
import { startServices } from './up/start-services.ts';
import { untilAvailable } from './up/until-available.ts';

export interface UpOptions {
  data: string;
  host: string;
  port: number;
  only: ServiceName[];
  postgres?: string;
  nats?: string;
  objects?: string;
  images?: string;
  slots?: number;
  backend?: 'process' | 'kubernetes';
  kubeconfig?: string;
  stagingUrl?: string;
  publicUrl?: string;
  publicEcho?: boolean;
  outboundHosts?: string;
  expressionSeconds?: number;
  policyUrl?: string;
  oidcIssuer?: string;
  oidcAudiences?: string;
  repositories?: string;
  pollSeconds?: number;
  pipelines?: string;
}

/** Starts Runnel and returns when everything answers; it then runs until SIGTERM or SIGINT. The one place that composes the apps. */
export async function up(options: UpOptions): Promise<void> {
  const logger = createLogger({ service: 'up' });
  const folder = makeDataFolder(options.data);
  requireWhole(folder);
  const lock = lockFolder(folder);
  if (!lock.held)
    throw new CliError(
      `${folder} is in use by another \`runnel up\` (process ${lock.pid})`,
      'Stop that one, or give another folder with --data.',
    );
  const opened = nothingOpened();
  opened.push(async () => lock.release());
  try {
    opened.push(await startTracing('runnel', process.env));
    if (options.only.includes('api')) await requireFreePort(options.host, options.port);
    const { database, bus, objects } = await startStores(folder, options, logger, opened);
    // Parts that run on several machines share it by their environment.
    const runTokenKey = process.env['RUNNEL_RUN_TOKEN_KEY'] ?? secretsOf(folder).runTokenKey;
    writeAddresses(folder, {
      pid: process.pid,
      ...(options.only.includes('api') ? { api: `http://${options.host}:${options.port}` } : {}),
      postgres: database.admin,
      nats: bus.url,
      ...bus.userOf('operator'),
      objects,
    });
    const { callbacks: callbackSecret, secretsKey: secretsKeys } = secretsOf(folder);
    const access = accessTo(database, bus);
    const surroundings: Surroundings = { ...options, folder, access, objects, runTokenKey, callbackSecret, secretsKeys };
    const started = await startAll(options.only, surroundings, logger, opened);
    announce(folder, objects, { database, bus }, started);
  } catch (error) {
    await opened.closeAll();
    throw cannotListen(error)
      ? new CliError(`cannot listen on ${options.host}:${options.port}: ${error.message}`, 'Give another one with --port.')
      : error;
  }
  closeOnSignals(logger, opened.closeAll);
}

/** The api has the program's own thread to itself, where it is here together with others; both start at once. */
async function startAll(names: readonly ServiceName[], surroundings: Surroundings, logger: Logger, opened: Opened): Promise<About[]> {
  const others = names.filter((name) => name !== 'api');
  const together = others.length === 0 || others.length === names.length;
  const starting = together
    ? [startServices(names, surroundings, logger)]
    : [startServices(['api'], surroundings, logger), startApart({ names: others, surroundings })];
  const outcomes = await Promise.allSettled(starting);
  // Those that run are closed, also where another one could not start.
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') opened.push(outcome.value.close);
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value.about;
  });
}

function accessTo(database: DatabaseAccess, bus: BusAccess): Record<ServiceName, Access> {
  const accessOf = (name: ServiceName): Access => ({
    natsUrl: bus.url,
    ...bus.userOf(name),
    ...(name === 'executor' ? {} : { postgresUrl: database.urlOf(name) }),
  });
  return Object.fromEntries(serviceNames.map((name) => [name, accessOf(name)])) as Record<ServiceName, Access>;
}

interface Stores {
  database: DatabaseAccess;
  bus: BusAccess;
}

async function startStores(folder: string, options: UpOptions, logger: Logger, opened: Opened): Promise<Stores & { objects: string }> {
  const secrets = secretsOf(folder);
  const { postgres } = options;
  const [database, bus] = await Promise.all([
    postgres === undefined
      ? embeddedPostgres(folder, secrets, logger)
      : untilAvailable('the schema', () => externalPostgres(postgres), logger),
    options.nats === undefined ? embeddedNats(folder, secrets, logger, options.pipelines) : externalNats(options.nats),
  ]);
  opened.push(database.stop);
  opened.push(bus.stop);
  const objects = options.objects ?? `${pathToFileURL(join(folder, 'objects')).href}/`;
  if (options.objects === undefined) mkdirSync(join(folder, 'objects'), { recursive: true, mode: 0o700 });
  return { database, bus, objects: objects.includes(':') ? objects : `${pathToFileURL(resolve(objects)).href}/` };
}

/**
 * A taken port is said before anything is started. It is not tried by listening: whoever connects in that instant would be reset, and clients wait
 * for a service that restarts.
 */
async function requireFreePort(host: string, port: number): Promise<void> {
  if (port !== 0 && (await isListening(host, port))) throw new CliError(`port ${port} is taken`, 'Give another one with --port.');
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // An address that listens everywhere answers here.
    const socket = connect({ port, host: host === '0.0.0.0' || host === '::' ? 'localhost' : host, timeout: 1000 });
    const tell = (listening: boolean) => (): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', tell(true)).once('error', tell(false)).once('timeout', tell(false));
  });
}

function announce(folder: string, objects: string, { database, bus }: Stores, started: readonly About[]): void {
  const api = started.find(({ name }) => name === 'api');
  const executor = started.find(({ name }) => name === 'executor');
  const lines = [
    `data          ${folder}`,
    `Postgres      ${database.admin.replace(/:[^:@/]*@/, ':…@')}`,
    `NATS          ${bus.url}`,
    `objects       ${objects}`,
    ...started.map(({ name, url, about }) => `${name.padEnd(13)} ${url}${about === undefined ? '' : `  (${about})`}`),
    ...(executor?.about === undefined ? [] : [`isolation     ${executor.about.split('isolation: ')[1] ?? ''}`]),
    ...(api === undefined
      ? []
      : [
          `console       ${consoleAddress(api.url)}`,
          '',
          `ready: ${api.url}   (a token: runnel token create --data ${folder} --workspace demo)`,
        ]),
  ];
  console.log(lines.join('\n'));
}
