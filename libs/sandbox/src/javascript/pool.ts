import type { EvaluateJavaScript, Json, JavaScriptTask } from '@runnel/cwl';
import { ExpressionError } from '@runnel/cwl';
import type { ThreadAnswer, ThreadTask } from './protocol.ts';
import type { Thread } from './thread.ts';

export interface JavaScriptPoolOptions {
  /** Most worker threads; each is started when there is work for it. */
  threads: number;
  /** Most memory of one evaluation, in MiB; default 64. */
  memoryMiB?: number;
  /** Most CPU time of one evaluation, in seconds; default 5. */
  timeout?: number;
}

export interface JavaScriptPool {
  /** Rejects with ExpressionError where the script fails or meets a limit. */
  evaluate: EvaluateJavaScript;
  /** Stops the threads; what still waits is rejected. */
  close(): Promise<void>;
}

interface Waiting {
  task: ThreadTask;
  settle: (answer: ThreadAnswer) => void;
}

/** Evaluates JavaScript in QuickJS on worker threads. Costs nothing until the first evaluation: threads and QuickJS are loaded then. */
export function createJavaScriptPool(options: JavaScriptPoolOptions): JavaScriptPool {
  const limits = { memoryMiB: options.memoryMiB ?? 64, timeout: options.timeout ?? 5 };
  const threads = new Set<Thread>();
  const idle: Thread[] = [];
  const queue: Waiting[] = [];
  let starting = 0;
  let closed = false;
  let lastId = 0;

  async function serve(thread: Thread): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      next.settle(await thread.run(next.task));
      if (!thread.alive) {
        threads.delete(thread);
        wake();
        return;
      }
    }
    idle.push(thread);
  }

  async function grow(): Promise<void> {
    starting++;
    try {
      const { startThread } = await import('./thread.ts');
      if (closed) return;
      const thread = startThread(limits);
      threads.add(thread);
      void serve(thread);
    } finally {
      starting--;
    }
  }

  function wake(): void {
    if (queue.length === 0) return;
    const thread = idle.pop();
    if (thread?.alive === true) void serve(thread);
    else if (thread !== undefined) {
      threads.delete(thread);
      wake();
    } else if (threads.size + starting < options.threads && starting < queue.length) void grow();
  }

  function run(task: JavaScriptTask): Promise<ThreadAnswer> {
    const { kind, source, context, library, now, seed = '' } = task;
    const time = now === undefined ? Date.now() : Date.parse(now);
    const { inputs, self, runtime } = context;
    return new Promise((settle) => {
      queue.push({
        task: { id: ++lastId, kind, source, context: JSON.stringify({ inputs, self, runtime }), library, now: time, seed },
        settle,
      });
      wake();
    });
  }

  return {
    evaluate: async (task) => {
      if (closed) throw new Error('the JavaScript pool is closed');
      const answer = await run(task);
      if ('value' in answer) return JSON.parse(answer.value) as Json;
      const expression = task.kind === 'body' ? `\${${task.source}}` : `$(${task.source})`;
      throw new ExpressionError({ expression, reason: answer.reason });
    },
    close: async () => {
      closed = true;
      for (const { task, settle } of queue.splice(0)) settle({ id: task.id, reason: 'the JavaScript pool was closed' });
      await Promise.all([...threads].map((thread) => thread.stop()));
    },
  };
}
