import { setTimeout as sleep } from 'node:timers/promises';
import { containers } from '@runnel/kube-pod';
import type { Cluster } from './cluster.ts';

/** Of what the tool wrote so much is kept. */
const mostBytes = 64 * 1024 * 1024;
/** Milliseconds. */
const again = 1000;

export interface LogFollower {
  /** The container was started: its log can be asked for. */
  begin(): void;
  /** Resolves when the log was read to its end, or cannot be had any more. */
  end(): Promise<void>;
  stop(): void;
}

/** Follows a tool's log through the kubelet; a connection that breaks is taken up where it broke off. */
export function followLog(cluster: Cluster, pod: { namespace: string; name: string }, write: (chunk: Buffer) => void): LogFollower {
  const stopped = new AbortController();
  let ended = false;
  let received = 0;
  let following: Promise<void> | undefined;

  /** A log is given from its beginning: what came before is passed over. */
  const reader = (): ((chunk: Buffer) => void) => {
    let skip = received;
    return (chunk) => {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length === 0) return;
      if (received < mostBytes) write(fresh.subarray(0, mostBytes - received));
      if (received < mostBytes && received + fresh.length > mostBytes)
        write(Buffer.from(`\n[runnel] the log is longer than ${mostBytes} bytes: the rest is not kept\n`));
      received += fresh.length;
    };
  };
  const follow = async (): Promise<void> => {
    for (let lastLook = false; !stopped.signal.aborted;) {
      lastLook = ended;
      const whole = await cluster
        .followLog({ namespace: pod.namespace, pod: pod.name, container: containers.tool }, reader(), stopped.signal)
        .then(
          () => true,
          () => false,
        );
      if (lastLook || (whole && ended)) return;
      await sleep(again);
    }
  };
  return {
    begin: () => void (following ??= follow()),
    async end() {
      ended = true;
      await Promise.race([following, sleep(10_000)]);
      stopped.abort();
    },
    stop: () => stopped.abort(),
  };
}
