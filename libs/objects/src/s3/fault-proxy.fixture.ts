import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to one request: `lost`: the store does it, the answer never arrives. `partial`: half of the body, then the connection breaks.
 * `short`: half of the body, announced as if it were all. `stall`: half of the body, then nothing.
 */
export type Fault = 'pass' | 'reset' | 'unavailable' | 'lost' | 'partial' | 'short' | 'stall';

/** A proxy before a store that does what the test says, request by request. */
export interface FaultProxy {
  endpoint: string;
  /** `GET`, `PUT`, … of what came through since the last `inject`. */
  seen: string[];
  /** Faults of the next requests of a method; later ones pass, or (`always`) have the last fault too. */
  inject(method: string, faults: Fault[], always?: boolean): void;
  close(): Promise<void>;
}

export async function startFaultProxy(port: number): Promise<FaultProxy> {
  const seen: string[] = [];
  let plan: { method: string; faults: Fault[]; always: boolean } = { method: '', faults: [], always: false };
  const next = (method: string): Fault => {
    if (method !== plan.method) return 'pass';
    const fault = plan.always && plan.faults.length === 1 ? plan.faults[0] : plan.faults.shift();
    return fault ?? 'pass';
  };
  const server = createServer((incoming, outgoing) => {
    const method = incoming.method ?? '';
    seen.push(method);
    const fault = next(method);
    if (fault === 'reset') incoming.socket.resetAndDestroy();
    else if (fault === 'unavailable') outgoing.writeHead(503, { connection: 'close' }).end();
    else forward(port, fault, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    inject: (method, faults, always = false) => {
      plan = { method, faults: [...faults], always };
      seen.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(port: number, fault: Fault, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const onward = request({ host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
    void answer.toArray().then((chunks: Buffer[]) => {
      const body = Buffer.concat(chunks);
      const half = body.subarray(0, body.length / 2);
      const status = answer.statusCode ?? 502;
      if (fault === 'lost') incoming.socket.resetAndDestroy();
      else if (fault === 'short') outgoing.writeHead(status, { ...answer.headers, 'content-length': half.length }).end(half);
      else if (fault === 'partial') outgoing.writeHead(status, answer.headers).write(half, () => incoming.socket.destroy());
      else if (fault === 'stall') outgoing.writeHead(status, answer.headers).write(half);
      else outgoing.writeHead(status, answer.headers).end(incoming.method === 'HEAD' ? undefined : body);
    });
  });
  onward.once('error', () => incoming.socket.destroy());
  incoming.pipe(onward);
}
