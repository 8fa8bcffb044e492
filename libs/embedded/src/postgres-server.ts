import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, unprivileged } from './launch.ts';
import type { Launched } from './launch.ts';
import type { EmbeddedServer } from './nats-server.ts';
import { isReachable, postgresBinaries } from './postgres-binaries.ts';
import { directoryOf, endProcess, isAlive, processesIn } from './processes.ts';

export interface PostgresOptions {
  /** Its data folder; made where it is missing. */
  readonly dataDir: string;
  readonly port: number;
  /** File with the password of the superuser `postgres` (0600); made with a random one where it is missing. */
  readonly passwordFile: string;
  readonly logFile: string;
  /** False gives up safety at a power cut for speed: tests. */
  readonly durable?: boolean;
  /** Further settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer extends EmbeddedServer {
  readonly password: string;
  /** URL of a database, by default for the superuser. */
  urlOf(database: string, user?: string, password?: string): string;
}

/** Starts Postgres on 127.0.0.1 and resolves when it takes statements. As root it runs as uid 65534, which Postgres demands. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const asUnprivileged = process.getuid?.() === 0;
  const binaries = await postgresBinaries(asUnprivileged);
  const password = await readPassword(options.passwordFile);
  const dataDir = await dataFolder(options.dataDir, asUnprivileged);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(binaries, dataDir, password, options, asUnprivileged);
  await endLeftover(dataDir);
  const server = await launch({
    command: join(binaries, 'bin', 'postgres'),
    args: ['-D', dataDir, ...settingsOf(options)],
    logFile: options.logFile,
    cwd: dataDir,
    // It ends its children and its shared memory; a killed one would leave both to the next start.
    onParentDeath: 'QUIT',
    asUnprivileged,
  });
  await untilReady(server, dataDir, options.logFile);
  const urlOf = (database: string, user = 'postgres', secret = password): string =>
    `postgres://${user}:${encodeURIComponent(secret)}@127.0.0.1:${options.port}/${database}`;
  return {
    url: urlOf('postgres'),
    urlOf,
    password,
    port: options.port,
    pid: server.pid,
    exited: server.exited,
    // Fast shutdown: sessions are ended, a checkpoint is written. Then immediate, then by force.
    stop: () => server.stop(['SIGINT', 'SIGQUIT', 'SIGKILL'], 15_000),
    kill: (signal) => server.kill(signal),
  };
}

async function readPassword(file: string): Promise<string> {
  if (!existsSync(file)) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  }
  return (await readFile(file, 'utf8')).trim();
}

/** Postgres's own user may not be able to enter the folder (below /root): its data then lies in /var/lib/runnel, with a link to it. */
async function dataFolder(wanted: string, asUnprivileged: boolean): Promise<string> {
  await mkdir(dirname(wanted), { recursive: true });
  const above = await realpath(dirname(wanted));
  if (asUnprivileged && !isReachable(above)) {
    const elsewhere = join(
      '/var/lib/runnel',
      `postgres-${createHash('sha256').update(join(above, 'postgres')).digest('hex').slice(0, 16)}`,
    );
    const link = await lstat(wanted).catch(() => undefined);
    if (!link) {
      // A new folder whose predecessor was removed without what it pointed to.
      await rm(elsewhere, { recursive: true, force: true });
      await symlink(elsewhere, wanted);
    }
    await mkdir(elsewhere, { recursive: true });
    await chmod(dirname(elsewhere), 0o755);
    return own(elsewhere, asUnprivileged);
  }
  await mkdir(wanted, { recursive: true });
  return own(await realpath(wanted), asUnprivileged);
}

async function own(folder: string, asUnprivileged: boolean): Promise<string> {
  await chmod(folder, 0o700);
  if (asUnprivileged) await chown(folder, unprivileged, unprivileged);
  return folder;
}

/** In a folder beside, moved when it is complete: what a kill in between leaves is no data folder. */
async function initialise(
  binaries: string,
  dataDir: string,
  password: string,
  options: PostgresOptions,
  asUnprivileged: boolean,
): Promise<void> {
  const fresh = `${dataDir}.new`;
  const secrets = await mkdtemp(join(tmpdir(), 'runnel-initdb-'));
  const passwordFile = join(secrets, 'password');
  try {
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh);
    await writeFile(passwordFile, password, { mode: 0o600 });
    for (const path of asUnprivileged ? [fresh, secrets, passwordFile] : []) await chown(path, unprivileged, unprivileged);
    const command = join(binaries, 'bin', 'initdb');
    const args = ['-D', fresh, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'];
    args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', ...(options.durable === false ? ['--no-sync'] : []));
    const initdb = await launch({ command, args, logFile: options.logFile, cwd: fresh, onParentDeath: 'KILL', asUnprivileged });
    const end = await initdb.exited;
    if (end !== 'exit code 0') throw new Error(`initdb failed (${end}); see ${options.logFile}`);
    await rm(dataDir, { recursive: true, force: true });
    await rename(fresh, dataDir);
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

function settingsOf(options: PostgresOptions): string[] {
  const settings: Record<string, string> = {
    port: String(options.port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    password_encryption: 'scram-sha-256',
    ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * After a `kill -9` a Postgres may still be there, or its pid file may name a stranger's process; or it is gone and what carried out its statements
 * is still at them: no other one starts on the data folder until they have let go of their shared memory.
 */
async function endLeftover(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  const named = Number.isInteger(pid) && pid > 0 && pid !== process.pid;
  const ours = named && isAlive(pid) && directoryOf(pid) === dataDir;
  const end = async (one: number): Promise<void> => {
    // What nobody has asked how it ended has no folder any more.
    if (!(await endProcess(one, ['SIGQUIT', 'SIGKILL'], 5000)) && directoryOf(one) === dataDir)
      throw new Error(`a Postgres (pid ${one}) still runs on ${dataDir} and cannot be ended`);
  };
  if (ours) await end(pid);
  for (const one of processesIn(dataDir, 'postgres')) await end(one);
  if (named) await rm(file, { force: true });
}

/** Postgres writes its state into the last line of its pid file. */
async function untilReady(server: Launched, dataDir: string, logFile: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  // Recovery after a crash may take its time.
  for (let waited = 0; waited < 120_000; waited += 20) {
    const ended = server.ended();
    if (ended !== undefined) throw new Error(`Postgres did not start (${ended}); see ${logFile}`);
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return;
    await sleep(20);
  }
  await server.stop(['SIGQUIT', 'SIGKILL'], 5000);
  throw new Error(`Postgres does not become ready; see ${logFile}`);
}
