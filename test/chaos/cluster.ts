import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createToken, scopes } from '@runnel/access';
import { freePort, startNatsServer, startPostgres, type EmbeddedServer, type PostgresServer } from '@runnel/embedded';
import { connect, type Messaging } from '@runnel/messaging';
import { migrate, openDatabase, type Database } from '@runnel/postgres';
import { createLogger } from '@runnel/service';
import { watchOptions, type Driven } from './driven.ts';
import { serviceNames, startService, type ServiceName, type ServiceProcess } from './service-process.ts';

export const repository = join(import.meta.dirname, '../..');

export interface ClusterOptions {
  /** Another build of the product (a mutated copy); default: this repository. */
  program?: string;
  /** How many of a service; default 1. */
  count?: Partial<Record<ServiceName, number>>;
}

/** Postgres, NATS and the five services as processes of their own, each of which can be killed and started again. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(options);
  try {
    await cluster.begin();
  } catch (error) {
    await cluster.end(true);
    throw new Error(`the services did not start; logs in ${cluster.folder}`, { cause: error });
  }
  return cluster;
}

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'runnel-chaos-'));
  readonly services = new Map<string, ServiceProcess>();
  /** Services that ended though nobody killed them. */
  readonly unasked: string[] = [];
  /** What works by itself. */
  readonly driven: Driven = { events: new Set(), commits: 0 };
  private readonly program: string;
  private readonly counts: Record<ServiceName, number>;
  private ports = { api: 0, postgres: 0, nats: 0 };
  private postgres: PostgresServer | undefined;
  private nats: EmbeddedServer | undefined;
  private token = '';
  private watching: string[] = [];
  private database: Database | undefined;

  constructor(options: ClusterOptions) {
    this.program = options.program ?? repository;
    this.counts = { api: 1, scheduler: 1, executor: 1, ingester: 1, harvester: 1, ...options.count };
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.api}`;
  }

  /** Header of a user of workspace `demo`. */
  get authorization(): string {
    return `Bearer ${this.token}`;
  }

  get objects(): string {
    return join(this.folder, 'objects');
  }

  get db(): Database {
    if (this.database === undefined) throw new Error('the cluster is not started');
    return this.database;
  }

  private get postgresUrl(): string {
    return this.postgres?.urlOf('postgres') ?? '';
  }

  async begin(): Promise<void> {
    mkdirSync(this.objects);
    this.watching = watchOptions(this);
    this.ports = { api: await freePort(), postgres: await freePort(), nats: await freePort() };
    await Promise.all([this.startPostgres(), this.startNats()]);
    await migrate(this.postgresUrl);
    this.database = await openDatabase({ url: this.postgresUrl, name: 'chaos', poolSize: 4 });
    this.token = (await createToken(this.database, { workspace: 'demo', name: 'chaos', scopes })).secret;
    for (const kind of serviceNames) for (let i = 0; i < this.counts[kind]; i += 1) this.start(`${kind}-${i}`);
    await this.untilReady();
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({
      dataDir: join(this.folder, 'postgres'),
      port: this.ports.postgres,
      passwordFile: join(this.folder, 'postgres.password'),
      logFile: join(this.folder, 'postgres.log'),
      // A killed process loses nothing that it gave to the system; only a power cut would.
      settings: { fsync: 'off' },
    });
  }

  async startNats(): Promise<void> {
    const dir = join(this.folder, 'nats');
    const config = `host: "127.0.0.1"\nport: ${this.ports.nats}\nmax_payload: 1MB\njetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))} }\n`;
    this.nats = await startNatsServer({ dir, config, port: this.ports.nats });
  }

  /** Starts `scheduler-0` and the like; `crashAt` arms a crash point in it. */
  start(name: string, crashAt?: string): ServiceProcess {
    const kind = name.replace(/-\d+$/, '') as ServiceName;
    const args = ['up', '--only', kind, '--data', join(this.folder, name), '--port', String(this.ports.api), '--slots', '2'];
    args.push(
      '--postgres',
      this.postgresUrl,
      '--nats',
      `nats://127.0.0.1:${this.ports.nats}`,
      '--objects',
      `${pathToFileURL(this.objects).href}/`,
      ...(kind === 'harvester' ? this.watching : []),
    );
    const service = startService({
      name,
      kind,
      program: join(this.program, 'bin/runnel'),
      args,
      logFile: join(this.folder, `${name}.log`),
      crashAt,
      onUnasked: (how) => this.unasked.push(how),
    });
    this.services.set(name, service);
    return service;
  }

  /** SIGKILL, and waits until it is gone. */
  async kill(name: string): Promise<void> {
    await this.services.get(name)?.kill();
  }

  async killPostgres(): Promise<void> {
    this.postgres?.kill('SIGKILL');
    await this.postgres?.exited;
  }

  async killNats(): Promise<void> {
    this.nats?.kill('SIGKILL');
    await this.nats?.exited;
  }

  /** What a broken disk does: JetStream forgets everything. */
  async loseJetStream(): Promise<void> {
    await this.killNats();
    rmSync(join(this.folder, 'nats', 'jetstream'), { recursive: true });
    await this.startNats();
  }

  /** A copy of the database as it is now, taken while all its processes stand still. */
  async copyPostgres(): Promise<string> {
    const copy = join(this.folder, 'postgres.copy');
    const postmaster = this.postgres?.pid ?? 0;
    process.kill(postmaster, 'SIGSTOP');
    const children = childrenOf(postmaster);
    for (const pid of children) process.kill(pid, 'SIGSTOP');
    cpSync(join(this.folder, 'postgres'), copy, { recursive: true, preserveTimestamps: true });
    for (const pid of [...children, postmaster]) process.kill(pid, 'SIGCONT');
    return copy;
  }

  /** The database goes back to the copy. */
  async restorePostgres(copy: string): Promise<void> {
    await this.killPostgres();
    rmSync(join(this.folder, 'postgres'), { recursive: true });
    cpSync(copy, join(this.folder, 'postgres'), { recursive: true, preserveTimestamps: true });
    rmSync(join(this.folder, 'postgres', 'postmaster.pid'), { force: true });
    await this.startPostgres();
  }

  /** Resolves when every service takes part. */
  async untilReady(): Promise<void> {
    await Promise.all([...this.services.values()].map(({ ready }) => ready));
    const [ended] = this.unasked;
    if (ended !== undefined) throw new Error(ended);
  }

  /** Messages of our own making, as an operator may send them. */
  async withMessaging<T>(work: (messaging: Messaging) => Promise<T>): Promise<T> {
    const logger = createLogger({ service: 'chaos', level: 'silent' });
    const messaging = await connect({ url: `nats://127.0.0.1:${this.ports.nats}`, service: 'operator', logger });
    try {
      return await work(messaging);
    } finally {
      await messaging.close();
    }
  }

  /** A request as a client sends it that tries again while a part is away. */
  async request(path: string, init: RequestInit = {}, patience = 180_000): Promise<Response> {
    const headers = {
      authorization: this.authorization,
      'content-type': 'application/json',
      ...(init.headers as Record<string, string>),
    };
    for (const end = Date.now() + patience; ;) {
      const answer = await fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
      if (answer !== undefined && answer.status !== 503) return answer;
      if (Date.now() > end) throw new Error(`${path}: no answer within ${patience} ms (last: ${answer?.status ?? 'no connection'})`);
      await sleep(100);
    }
  }

  /** Ends everything; the folder stays when `keep`. */
  async end(keep = false): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    await this.database?.close();
    await this.nats?.stop();
    await this.postgres?.stop();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((child) => child > 0 && parentOf(child) === pid);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything, so fields are counted from its end.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
