import { startLoop } from '@runnel/service';
import type { Logger } from '@runnel/service';
import { copyOf, harvestBranch } from './harvest-branch.ts';
import { harvestFiles } from './harvest-files.ts';
import type { HarvesterMetrics } from './metrics.ts';
import { lanes } from './lanes.ts';
import { noteFault } from './positions.ts';
import type { HarvesterParts } from './tell-changes.ts';
import { isBranch, isHookOf, placeOf, type Watched } from './watched.ts';

/** Everything that is watched. */
export interface Lookout {
  /** Looks now at the branches of the repository that a webhook is of. */
  kick(this: void, hook: string): void;
  close(): Promise<void>;
}

export interface LookoutParts extends HarvesterParts {
  readonly metrics: HarvesterMetrics;
  readonly logger: Logger;
}

/** Looks at a time: each may run git. */
const mostLooks = 4;

/** Watches every source by itself, so that one that is slow or away keeps no other waiting; workspaces that share a branch share its copy. */
export function lookAround(parts: LookoutParts, watched: readonly Watched[], seconds: number): Lookout {
  const together = lanes(mostLooks);
  const sources = [...Map.groupBy(watched, (one) => (isBranch(one) ? copyOf(one) : `files of ${one.workspace}`)).values()];
  const lookAtAll = async (bindings: readonly Watched[], signal: AbortSignal): Promise<void> => {
    for (const one of bindings) if (!signal.aborted) await together(() => look(parts, one));
  };
  const onError = (error: unknown): void => parts.logger.error({ error }, 'a watched source could not be looked at');
  const loops = sources.map((bindings) => ({
    bindings,
    loop: startLoop((signal) => lookAtAll(bindings, signal), seconds * 1000, onError),
  }));
  return {
    kick: (hook) => {
      for (const { bindings, loop } of loops) if (bindings.some((one) => isHookOf(hook, one))) loop.wake();
    },
    close: async () => {
      await Promise.all(loops.map(({ loop }) => loop.close()));
    },
  };
}

async function look(parts: LookoutParts, watched: Watched): Promise<void> {
  const { metrics, logger, database } = parts;
  const place = placeOf(watched);
  const done = metrics.seconds.startTimer();
  try {
    const changed = await (isBranch(watched) ? harvestBranch(parts, watched) : harvestFiles(parts, watched));
    metrics.looks.inc({ outcome: changed > 0 ? 'changed' : 'unchanged' });
    metrics.changes.inc(changed);
    if (changed > 0) logger.info({ ...place, changed }, 'a watched source changed');
  } catch (error) {
    metrics.looks.inc({ outcome: 'failed' });
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ ...place, reason }, 'not harvested; it is looked at again');
    await noteFault(database, place, reason).catch(() => undefined);
  }
  done();
}
