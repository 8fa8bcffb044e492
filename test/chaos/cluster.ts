import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createToken } from '@runnel/access';
import { freePort, startNatsServer, startPostgres, type EmbeddedServer, type PostgresServer } from '@runnel/embedded';
import { migrate, openDatabase, type Database } from '@runnel/postgres';

export const serviceNames = ['api', 'scheduler', 'executor', 'ingester', 'harvester'] as const;
export type ServiceName = (typeof serviceNames)[number];

const repository = join(import.meta.dirname, '../..');

export interface ClusterOptions {
  /** Another build of the product (a mutated copy); default: this repository. */
  program?: string;
  /** How many of a service; default 1. */
  count?: Partial<Record<ServiceName, number>>;
  executorLeaseSeconds?: number;
}

/** One service as a process of its own. */
export interface Service {
  readonly name: string;
  readonly kind: ServiceName;
  readonly pid: number;
  /** Resolves with the signal or exit code when it ends. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

/** Postgres, NATS and the five services as processes of their own, each of which can be killed and started again. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(options);
  await cluster.begin();
  return cluster;
}

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'runnel-chaos-'));
  readonly services = new Map<string, Service>();
  private readonly children = new Map<string, ChildProcess>();
  private readonly program: string;
  private readonly counts: Record<ServiceName, number>;
  private ports = { api: 0, postgres: 0, nats: 0 };
  private postgres: PostgresServer | undefined;
  private nats: EmbeddedServer | undefined;
  private token = '';
  private database: Database | undefined;

  constructor(options: ClusterOptions) {
    this.program = options.program ?? repository;
    this.counts = { api: 1, scheduler: 1, executor: 1, ingester: 1, harvester: 1, ...options.count };
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.api}`;
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
    this.ports = { api: await freePort(), postgres: await freePort(), nats: await freePort() };
    await Promise.all([this.startPostgres(), this.startNats()]);
    await migrate(this.postgresUrl);
    this.database = await openDatabase({ url: this.postgresUrl, name: 'chaos', poolSize: 4 });
    this.token = (await createToken(this.database, { workspace: 'demo', name: 'chaos' })).secret;
    for (const kind of serviceNames) for (let i = 0; i < this.counts[kind]; i += 1) this.start(`${kind}-${i}`);
    await this.untilReady();
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({
      dataDir: join(this.folder, 'postgres'),
      port: this.ports.postgres,
      passwordFile: join(this.folder, 'postgres.password'),
      logFile: join(this.folder, 'postgres.log'),
    });
  }

  async startNats(): Promise<void> {
    const dir = join(this.folder, 'nats');
    const config = `host: "127.0.0.1"\nport: ${this.ports.nats}\nmax_payload: 1MB\njetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))} }\n`;
    this.nats = await startNatsServer({ dir, config, port: this.ports.nats });
  }

  /** Starts `scheduler-0` and the like; `crashAt` arms a crash point in it. */
  start(name: string, crashAt?: string): Service {
    const kind = name.replace(/-\d+$/, '') as ServiceName;
    const args = ['up', '--only', kind, '--data', join(this.folder, name), '--port', String(this.ports.api), '--slots', '2'];
    args.push('--postgres', this.postgresUrl, '--nats', `nats://127.0.0.1:${this.ports.nats}`, '--objects', `${pathToFileURL(this.objects).href}/`);
    const env = { ...process.env, ...(crashAt === undefined ? {} : { RUNNEL_CRASH_AT: crashAt }) };
    const child = spawn(join(this.program, 'bin/runnel'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(this.folder, `${name}.log`), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const ended = once(child, 'exit').then(([code, signal]: unknown[]) => (signal as NodeJS.Signals | null) ?? (code as number | null));
    const service = { name, kind, pid: child.pid ?? 0, ended };
    this.services.set(name, service);
    this.children.set(name, child);
    return service;
  }

  /** SIGKILL, and waits until it is gone. */
  async kill(name: string): Promise<void> {
    this.children.get(name)?.kill('SIGKILL');
    await this.services.get(name)?.ended;
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
    rmSync(join(this.folder, 'nats', 'jetstream'), { recursive: true, force: true });
    await this.startNats();
  }

  /** A copy of the database as it is now, taken while its server stands still. */
  async copyPostgres(): Promise<string> {
    const copy = join(this.folder, 'postgres.copy');
    await this.db.pool.query('checkpoint');
    this.postgres?.kill('SIGSTOP');
    cpSync(join(this.folder, 'postgres'), copy, { recursive: true, preserveTimestamps: true });
    this.postgres?.kill('SIGCONT');
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

  async untilReady(): Promise<void> {
    for (let waited = 0; waited < 60_000; waited += 100) {
      const answer = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(100);
    }
    throw new Error(`the api does not get ready; logs in ${this.folder}`);
  }

  /** A request as a client sends it that tries again while a part is away. */
  async request(path: string, init: RequestInit = {}, patience = 60_000): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json', ...(init.headers as Record<string, string>) };
    for (const end = Date.now() + patience; ; ) {
      const answer = await fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
      if (answer !== undefined && answer.status !== 503 && answer.status !== 502) return answer;
      if (Date.now() > end) throw new Error(`${path}: no answer within ${patience} ms (last: ${answer?.status ?? 'no connection'})`);
      await sleep(100);
    }
  }

  /** Ends everything; the folder stays when `keep`. */
  async end(keep = false): Promise<void> {
    for (const child of this.children.values()) child.kill('SIGTERM');
    await Promise.all([...this.services.values()].map(({ ended }) => Promise.race([ended, sleep(20_000)])));
    for (const child of this.children.values()) child.kill('SIGKILL');
    await this.database?.close();
    await this.nats?.stop();
    await this.postgres?.stop();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }
}
