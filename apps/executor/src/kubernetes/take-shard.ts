import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@runnel/service';

/** A Lease of the cluster, as far as it matters who has the shard. */
export interface ShardLease {
  holder: string;
  /** Changes with each renewal. */
  version: string;
}

export interface Leases {
  /** Undefined where there is none. */
  read(name: string): Promise<ShardLease | undefined>;
  /** Takes or renews it, unless another one did since `version` was read (undefined: since there was none): then it resolves with undefined. */
  write(name: string, holder: string, version: string | undefined): Promise<ShardLease | undefined>;
}

export interface ShardOptions {
  leases: Leases;
  /** Name of this process. */
  holder: string;
  /** Names of the shards; the first that is free is taken. */
  shards: readonly string[];
  logger: Logger;
  signal?: AbortSignal;
  /** Seconds between renewals, after which one that was not renewed is free, and after which its holder gives it up. */
  timing?: { renew: number; lease: number; giveUp: number };
}

export interface TakenShard {
  name: string;
  /** Resolves where it could not be renewed for so long that another one may have it. */
  lost: Promise<void>;
  /** Whether it is certain that nobody else has it: asked before anything is started. */
  isHeld(): boolean;
  /** Frees it for the next one. */
  release(): Promise<void>;
}

/** Given up well before others may take it (rule 8). */
const usual = { renew: 5, lease: 20, giveUp: 15 };
const nobody = '';

/**
 * Takes a shard whose Lease is free, waiting until there is one, and renews it. A lease is free when it was released, or when it was not renewed for
 * its length as this process saw it: clocks of others do not matter.
 */
export async function takeShard({ leases, holder, shards, logger, signal, timing = usual }: ShardOptions): Promise<TakenShard> {
  const seen = new Map<string, { version: string; since: number }>();
  const tryToTake = async (name: string): Promise<ShardLease | undefined> => {
    const found = await leases.read(name);
    if (found === undefined) return leases.write(name, holder, undefined);
    const known = seen.get(name);
    if (known?.version !== found.version) seen.set(name, { version: found.version, since: performance.now() });
    const age = (performance.now() - (seen.get(name)?.since ?? 0)) / 1000;
    // A process that starts again under its name has what was its own.
    return found.holder === nobody || found.holder === holder || age > timing.lease ? leases.write(name, holder, found.version) : undefined;
  };
  for (let told = false; ; told = true) {
    for (const name of shards) {
      const taken = await tryToTake(name).catch(
        (error: unknown) => void logger.warn({ error, shard: name }, 'a lease cannot be read or taken'),
      );
      if (taken) return keep(name, taken, { leases, holder, timing, logger });
    }
    if (!told) logger.info({ shards }, 'all shards are taken: waiting for one');
    await sleep(1000, undefined, signal && { signal });
  }
}

function keep(
  name: string,
  taken: ShardLease,
  { leases, holder, timing, logger }: Required<Pick<ShardOptions, 'leases' | 'holder' | 'timing' | 'logger'>>,
): TakenShard {
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  let { version } = taken;
  let renewed = performance.now();
  let renewing: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    const begun = performance.now();
    const written = await leases.write(name, holder, version);
    if (written === undefined) {
      const found = await leases.read(name);
      // The answer to an earlier renewal was lost: it is ours all the same.
      if (found?.holder === holder) ({ version } = found);
      else if (found !== undefined) lose();
      return;
    }
    ({ version } = written);
    renewed = begun;
  };
  const isHeld = (): boolean => (performance.now() - renewed) / 1000 <= timing.giveUp;
  const timer = setInterval(() => {
    renewing ??= renew()
      .catch((error: unknown) => logger.warn({ error, shard: name }, 'the lease could not be renewed'))
      .finally(() => (renewing = undefined));
    if (!isHeld()) lose();
  }, timing.renew * 1000);
  return {
    name,
    isHeld,
    lost: lost.finally(() => clearInterval(timer)),
    async release() {
      clearInterval(timer);
      await renewing;
      await leases
        .write(name, nobody, version)
        .catch((error: unknown) => logger.warn({ error, shard: name }, 'the lease could not be released: it ends by itself'));
    },
  };
}
