import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mark = 'RUNNEL_BENCH_FOLDER';
/** Milliseconds that what was started has to end by itself. */
const grace = 15_000;

/**
 * Begins this program once more, in a folder for temporary files and a process group of its own, and returns there only. When that has ended, or
 * when SIGINT or SIGTERM ends it, nothing of it is left: neither its folders nor the servers that it started.
 */
export async function inOwnFolder(): Promise<void> {
  if (process.env[mark] !== undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-'));
  // Postgres and tools run as other users.
  chmodSync(folder, 0o711);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, TMPDIR: folder, [mark]: folder },
  });
  let late: NodeJS.Timeout | undefined;
  const tell = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), signal);
    } catch {
      // All of them are gone.
    }
  };
  const end = (): void => {
    tell('SIGTERM');
    late ??= setTimeout(() => tell('SIGKILL'), grace);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  tell('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  process.exit(code ?? 130);
}
