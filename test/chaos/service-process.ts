import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

export const serviceNames = ['api', 'scheduler', 'executor', 'ingester', 'harvester'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** One service as a process of its own. */
export interface ServiceProcess {
  readonly name: string;
  readonly kind: ServiceName;
  readonly pid: number;
  /** Resolves when it says that it takes part, or when it has ended. */
  readonly ready: Promise<unknown>;
  /** Resolves with the signal or exit code when it ends. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, SIGKILL for one that does not obey within 20 s. */
  stop(): Promise<void>;
}

interface Start {
  name: string;
  kind: ServiceName;
  program: string;
  args: readonly string[];
  logFile: string;
  /** A crash point that ends it. */
  crashAt?: string | undefined;
  /** It ended though nobody asked it to. */
  onUnasked: (how: string) => void;
}

export function startService({ name, kind, program, args, logFile, crashAt, onUnasked }: Start): ServiceProcess {
  const env = { ...process.env, RUNNEL_BILLING_WINDOW_SECONDS: '2', ...(crashAt === undefined ? {} : { RUNNEL_CRASH_AT: crashAt }) };
  // Whatever becomes of this process, nothing of it stays.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile, { flags: 'a' });
  let said = '';
  const started = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      log.write(chunk);
      said += chunk.toString('utf8');
      if (new RegExp(`^${kind} +http`, 'm').test(said)) resolve();
      said = said.slice(said.lastIndexOf('\n') + 1);
    });
  });
  child.stderr.pipe(log, { end: false });
  let asked = false;
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => {
    const how = (signal as NodeJS.Signals | null) ?? (code as number | null);
    if (!asked && !(crashAt !== undefined && how === 'SIGKILL')) onUnasked(`${name} ended by itself (${how}); see ${logFile}`);
    return how;
  });
  const send = (signal: NodeJS.Signals): void => {
    asked = true;
    child.kill(signal);
  };
  return {
    name,
    kind,
    pid: child.pid ?? 0,
    ready: Promise.race([started, ended]),
    ended,
    kill: async () => {
      send('SIGKILL');
      await ended;
    },
    stop: async () => {
      send('SIGTERM');
      const timer = setTimeout(() => send('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
