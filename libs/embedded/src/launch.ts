import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';

/** Uid and gid without rights, for servers that refuse to run as root. */
export const unprivileged = 65534;

export interface LaunchOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  readonly cwd: string;
  /** Signal it gets when this process dies, however it dies. */
  readonly onParentDeath: 'KILL' | 'QUIT';
  /** Run as `unprivileged`; only root can. */
  readonly asUnprivileged?: boolean;
}

export interface Launched {
  readonly pid: number;
  /** Resolves with how it ended: `exit code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>;
  /** The reason, once it has ended. */
  ended(): string | undefined;
  kill(signal: NodeJS.Signals): void;
  /** Sends the first signal, and after each pause (ms) the next; resolves when it has ended. */
  stop(signals: readonly NodeJS.Signals[], pause: number): Promise<void>;
}

/** Starts a server that ends with this process. Standard input is closed, the environment is empty but for PATH and the locale. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const [command = '', ...args] = commandLine(options);
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', log, log],
      // Its own group: Ctrl-C in a terminal is for us, we stop it in order.
      detached: true,
    });
    return await started(child, options.command);
  } finally {
    closeSync(log);
  }
}

/** `setpriv` (util-linux) sets the parent-death signal; elsewhere (macOS) what a `kill -9` leaves is found at the next start. */
function commandLine(options: LaunchOptions): string[] {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const user = options.asUnprivileged ? [`--reuid=${unprivileged}`, `--regid=${unprivileged}`, '--clear-groups'] : [];
  if (setpriv) return [setpriv, '--pdeathsig', options.onParentDeath, ...user, '--', options.command, ...options.args];
  if (options.asUnprivileged) throw new Error('setpriv (util-linux) is needed to start a server as another user');
  return [options.command, ...options.args];
}

async function started(child: ChildProcess, command: string): Promise<Launched> {
  let reason: string | undefined;
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      reason = signal === null ? `exit code ${code}` : `signal ${signal}`;
      resolve(reason);
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`, { cause: error })));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  const stop = async (signals: readonly NodeJS.Signals[], pause: number): Promise<void> => {
    for (const signal of signals) {
      if (reason !== undefined) return;
      kill(signal);
      await Promise.race([exited, later(pause)]);
    }
    await exited;
  };
  return { pid, exited, ended: () => reason, kill, stop };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
