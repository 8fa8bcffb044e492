import { ExecutorHeartbeat } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { subscribeEphemeral } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import type { Pool } from 'pg';

type Heartbeat = DataOf<typeof ExecutorHeartbeat>;

export interface RegistryOptions {
  messaging: Messaging;
  pool: Pool;
  /** Seconds without a heartbeat after which an executor is lost (rule 8). */
  leaseSeconds: number;
  /** The executor was not known a moment ago, or what it can take changed. */
  onChanged: (executor: string) => void;
  /** It was started lately, or this scheduler was: attempts that it does not name may be those of a process that was killed. */
  onYoung: (executor: string) => void;
  onError: (error: unknown) => void;
}

/** What the executors said of themselves lately. */
export interface ExecutorRegistry {
  /** Whether the executor's last heartbeat is recent. */
  isAlive(executor: string): boolean;
  /** Whether nothing was heard of it for a whole lease in which it could have been heard. */
  isLost(executor: string): boolean;
  /** Whether its last heartbeat names the attempt. */
  reports(executor: string, run: string, step: string, attempt: number): boolean;
  /** Milliseconds since 1970 at which its last heartbeat came; undefined: none yet. */
  heardAt(executor: string): number | undefined;
  /** Steps that all executors alive hold at once. */
  places: () => number;
  close(): Promise<void>;
}

interface Known {
  heartbeat: Heartbeat;
  /** Monotonic, and on the wall. */
  heard: number;
  heardAt: number;
  /** When this incarnation was heard first, monotonic. */
  begun: number;
  attempts: Set<string>;
}

/** Milliseconds: within these an executor beats every second and says what became of its predecessor's attempts. */
const young = 8000;

const attemptKey = (run: string, step: string, attempt: number): string => `${run} ${step}#${attempt}`;

/** Listens to heartbeats and renews the executors' leases. */
export function startExecutorRegistry(options: RegistryOptions): ExecutorRegistry {
  const { messaging, pool, leaseSeconds, onChanged, onYoung, onError } = options;
  const known = new Map<string, Known>();
  const lease = leaseSeconds * 1000;
  /** Before this instant nothing could be heard: start, or a bus or database that was away. */
  let deaf = performance.now();

  const hear = async (heartbeat: Heartbeat): Promise<void> => {
    const { executor, steps } = heartbeat;
    const before = known.get(executor);
    const attempts = new Set(steps.map(({ run, step, attempt }) => attemptKey(run, step, attempt)));
    const heard = performance.now();
    const begun = before?.heartbeat.incarnation === heartbeat.incarnation ? before.begun : heard;
    known.set(executor, { heartbeat, heard, heardAt: Date.now(), begun, attempts });
    await renew(pool, heartbeat, leaseSeconds);
    if (!before || performance.now() - before.heard > lease || hasChanged(before.heartbeat, heartbeat)) onChanged(executor);
    if (heard - begun < young) onYoung(executor);
  };
  const isAlive = (executor: string): boolean => performance.now() - (known.get(executor)?.heard ?? -Infinity) <= lease;
  const subscription = subscribeEphemeral(messaging, ExecutorHeartbeat, {}, ({ data }) => hear(data).catch(onError));
  void (async () => {
    for await (const status of messaging.nc.status()) if (status.type === 'reconnect') deaf = performance.now();
  })();
  return {
    isAlive,
    isLost: (executor) => performance.now() - Math.max(known.get(executor)?.heard ?? -Infinity, deaf) > lease,
    reports: (executor, run, step, attempt) =>
      isAlive(executor) && (known.get(executor)?.attempts.has(attemptKey(run, step, attempt)) ?? false),
    heardAt: (executor) => known.get(executor)?.heardAt,
    places: () => [...known].reduce((sum, [executor, { heartbeat }]) => sum + (isAlive(executor) ? heartbeat.slots : 0), 0),
    close: () => subscription.close(),
  };
}

const hasChanged = (a: Heartbeat, b: Heartbeat): boolean =>
  a.accepting !== b.accepting || a.full !== b.full || a.slots !== b.slots || a.cores !== b.cores || a.memoryMiB !== b.memoryMiB;

async function renew(
  pool: Pool,
  { executor, backend, slots, cores, memoryMiB, isolation, accepting, full }: Heartbeat,
  seconds: number,
): Promise<void> {
  await pool.query({
    name: 'renew-executor',
    text: `
insert into executors (id, backend, slots, cores, memory_mib, isolation, accepting, lease_until, heartbeat_at, full_reason)
values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8), now(), $9)
on conflict (id) do update set backend = excluded.backend, slots = excluded.slots, cores = excluded.cores, memory_mib = excluded.memory_mib,
  isolation = excluded.isolation, accepting = excluded.accepting, lease_until = excluded.lease_until, heartbeat_at = excluded.heartbeat_at,
  full_reason = excluded.full_reason`,
    values: [executor, backend, slots, cores, memoryMiB, isolation, accepting, seconds, full ?? null],
  });
}
