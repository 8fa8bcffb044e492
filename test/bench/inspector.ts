/** A look into a Node process that was started with `--inspect`. */
export interface Inspector {
  /** Bytes of heap in use after a collection of garbage: of its main thread and of those that this has started. */
  heapUsed(): Promise<number>;
  close(): void;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly params?: { readonly sessionId: string; readonly message?: string };
}

type Call = (method: string, params?: object) => Promise<unknown>;

/** Speaks the Chrome DevTools protocol with the process that listens at the port; with its threads by the domain NodeWorker. */
export async function openInspector(port: number): Promise<Inspector> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { webSocketDebuggerUrl: string }[];
  if (target === undefined) throw new Error(`nothing to inspect at port ${port}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const main = conversation((text) => socket.send(text));
  const threads = new Map<string, ReturnType<typeof conversation>>();
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    const { method, params } = answer;
    if (params && method === 'NodeWorker.attachedToWorker') threads.set(params.sessionId, throughMain(params.sessionId));
    else if (params && method === 'NodeWorker.detachedFromWorker') threads.delete(params.sessionId);
    else if (params && method === 'NodeWorker.receivedMessageFromWorker')
      threads.get(params.sessionId)?.hear(JSON.parse(params.message ?? '{}') as Answer);
    else main.hear(answer);
  });
  const throughMain = (sessionId: string): ReturnType<typeof conversation> =>
    conversation((message) => void main.call('NodeWorker.sendMessageToWorker', { sessionId, message }));
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error(`no inspector at port ${port}`)));
  });
  await main.call('NodeWorker.enable', { waitForDebuggerOnStart: false });
  return {
    async heapUsed() {
      const used = await Promise.all([main, ...threads.values()].map(({ call }) => heapOf(call)));
      return used.reduce((sum, one) => sum + one, 0);
    },
    close: () => socket.close(),
  };
}

async function heapOf(call: Call): Promise<number> {
  await call('HeapProfiler.enable');
  await call('HeapProfiler.collectGarbage');
  return ((await call('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
}

function conversation(send: (text: string) => void): { call: Call; hear(answer: Answer): void } {
  const waiting = new Map<number, (result: unknown) => void>();
  let count = 0;
  return {
    call: (method, params) =>
      new Promise((resolve) => {
        count += 1;
        waiting.set(count, resolve);
        send(JSON.stringify({ id: count, method, params }));
      }),
    hear: ({ id, result }) => {
      if (id === undefined) return;
      waiting.get(id)?.(result);
      waiting.delete(id);
    },
  };
}
