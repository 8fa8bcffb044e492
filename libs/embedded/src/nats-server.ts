import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { launch } from './launch.ts';
import type { Launched } from './launch.ts';

/** Path of a nats-server that is new enough; installs one where there is none. */
export async function natsServerBinary(): Promise<string> {
  const script = fileURLToPath(new URL('../../../scripts/nats-server.sh', import.meta.url));
  const { stdout } = await promisify(execFile)(script);
  return stdout.trim();
}

export interface NatsServerOptions {
  /** Its folder: `nats.conf` and `nats.log`. The configuration's `store_dir` may lie in it. */
  readonly dir: string;
  /** Text of its configuration, e.g. of `natsServerConfig`; it holds passwords and is kept as a file of mode 0600. */
  readonly config: string;
  /** The port that the configuration names. */
  readonly port: number;
}

export interface EmbeddedServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with the reason when it ends, wanted or not. */
  readonly exited: Promise<string>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Sends a signal to the server's process. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts nats-server and resolves when it answers. Rejects with the end of its log where it does not start. */
export async function startNatsServer(options: NatsServerOptions): Promise<EmbeddedServer> {
  const { dir, port } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'nats.conf');
  await writeFile(file, options.config, { mode: 0o600 });
  const logFile = join(dir, 'nats.log');
  const server = await launch({ command: await natsServerBinary(), args: ['-c', file], logFile, cwd: dir, onParentDeath: 'KILL' });
  await untilAnswering(server, port, logFile);
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: server.pid,
    exited: server.exited,
    stop: () => server.stop(['SIGTERM', 'SIGKILL'], 8000),
    kill: (signal) => server.kill(signal),
  };
}

async function untilAnswering(server: Launched, port: number, logFile: string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 25) {
    const ended = server.ended();
    if (ended !== undefined) throw new Error(`nats-server did not start (${ended}); see ${logFile}`);
    if (await answers(port)) return;
    await sleep(25);
  }
  await server.stop(['SIGKILL'], 1000);
  throw new Error(`nats-server does not answer on port ${port}; see ${logFile}`);
}

/** A NATS server greets with INFO. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('data', (data) => end(data.toString().startsWith('INFO')));
  });
}
