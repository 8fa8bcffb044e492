import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, launch } from '@runnel/embedded';
import { eventually } from './eventually.ts';

/** An S3 server that ends with this process. */
export interface TestS3 {
  /** Without a slash at the end. */
  endpoint: string;
  port: number;
  accessKeyId: string;
  secretAccessKey: string;
  /** Makes a bucket and returns the address of a store in it; `query` is added to the address. */
  bucket(name: string, query?: Record<string, string>): string;
  stop(): Promise<void>;
}

export interface TestS3Options {
  /** For a server that is stopped and started again. */
  port?: number;
  /** PEM files: it speaks https. */
  tls?: { cert: string; key: string };
  /** Buckets are `{bucket}.{domain}` too. */
  virtualDomain?: string;
}

const root = join(import.meta.dirname, '../../..');

const program = ['versitygw', '1.8.0', 'github.com/versity/versitygw/cmd/versitygw'];

/** Path of versitygw, built at the first call on a machine; undefined where there is neither it nor Go. */
export function versitygw(): string | undefined {
  try {
    return execFileSync(join(root, 'scripts/go-program.sh'), [...program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** Starts versitygw over a folder. */
export async function startVersitygw(command: string, folder: string, options: TestS3Options = {}): Promise<TestS3> {
  const data = join(folder, 'buckets');
  mkdirSync(data, { recursive: true });
  const port = options.port ?? (await freePort());
  const accessKeyId = 'runnel-test';
  const secretAccessKey = 'runnel-test-secret';
  const args = ['--port', `127.0.0.1:${port}`, '--access', accessKeyId, '--secret', secretAccessKey, '--quiet', '--keep-alive'];
  if (options.tls) args.push('--cert', options.tls.cert, '--key', options.tls.key);
  if (options.virtualDomain) args.push('--virtual-domain', options.virtualDomain);
  const server = await launch({
    command,
    args: [...args, 'posix', data],
    logFile: join(folder, 'versitygw.log'),
    cwd: folder,
    onParentDeath: 'KILL',
  });
  const endpoint = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  await eventually('versitygw listens', () => {
    const reason = server.ended();
    if (reason !== undefined) throw new Error(`versitygw ended with ${reason}, see ${folder}/versitygw.log`);
    return listens(port);
  });
  return {
    endpoint,
    port,
    accessKeyId,
    secretAccessKey,
    bucket: (name, query = {}) => {
      mkdirSync(join(data, name), { recursive: true });
      return `s3://${name}/?${new URLSearchParams({ endpoint, pathStyle: 'true', ...query }).toString()}`;
    },
    stop: () => server.stop(['SIGTERM', 'SIGKILL'], 3000),
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
