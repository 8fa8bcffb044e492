import { Worker } from 'node:worker_threads';
import type { ThreadAnswer, ThreadLimits, ThreadTask } from './protocol.ts';

/** A worker thread that evaluates one task at a time. */
export interface Thread {
  run(task: ThreadTask): Promise<ThreadAnswer>;
  /** False after the thread ended or was stopped; it takes no more tasks. */
  readonly alive: boolean;
  stop(): Promise<void>;
}

/** Starts a thread. It does not keep the process running while it is idle. */
export function startThread(limits: ThreadLimits): Thread {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: limits,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 4 * limits.memoryMiB },
  });
  let alive = true;
  let current: { id: number; settle: (answer: ThreadAnswer) => void } | undefined;
  const watchdog = setInterval(() => void stopWhenOverdue(), 1000 * limits.timeout).unref();
  let watched: { id: number; cpuSeconds: number } | undefined;
  const finish = (result: { value: string } | { reason: string }) => {
    const { id, settle } = current ?? {};
    current = undefined;
    worker.unref();
    if (id !== undefined) settle?.({ id, ...result });
  };
  worker.unref();
  worker.on('message', finish);
  worker.on('error', (error) => finish({ reason: endReason(error, limits) }));
  worker.on('exit', () => {
    alive = false;
    clearInterval(watchdog);
    finish({ reason: 'the thread of the sandbox ended' });
  });

  async function stop(): Promise<void> {
    alive = false;
    await worker.terminate();
  }

  /** Besides the check inside of the thread: for what QuickJS does in one go, without asking whether it may go on. */
  async function stopWhenOverdue(): Promise<void> {
    const id = current?.id;
    if (id === undefined || !alive) return;
    const used = await cpuSeconds(worker);
    if (watched?.id !== id) watched = { id, cpuSeconds: used };
    else if (current?.id === id && used - watched.cpuSeconds > limits.timeout) {
      finish({ reason: `it ran for more than ${limits.timeout} s of CPU time and was stopped` });
      await stop();
    }
  }

  return {
    get alive() {
      return alive;
    },
    stop,
    run: (task) =>
      new Promise((settle) => {
        current = { id: task.id, settle };
        worker.ref();
        worker.postMessage(task);
      }),
  };
}

function endReason(error: Error, limits: ThreadLimits): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? `it needs more than ${limits.memoryMiB} MiB of memory`
    : `the sandbox failed: ${error.message}`;
}

async function cpuSeconds(worker: Worker): Promise<number> {
  const { user, system } = await worker.cpuUsage().catch(() => ({ user: 0, system: 0 }));
  return (user + system) / 1e6;
}
