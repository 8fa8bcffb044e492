import { inTransaction, query } from '@runnel/postgres';
import { startLoop } from '@runnel/service';
import { forgetWebhooks } from '../webhooks/take-webhook.ts';
import { carryOutFiring, claimedAtOnce, claimFirings } from './carry-out-firing.ts';
import type { Firing, FiringServices } from './carry-out-firing.ts';
import { fireAfterRuns } from './fire-after.ts';
import { fireCrons } from './fire-cron.ts';
import { databaseTime, markTrigger } from './trigger-rows.ts';

/** Carries triggers out, beside other replicas: each row is claimed by one. */
export interface Triggers {
  /** An event was kept: its runs are due. */
  kick(this: void): void;
  close(): Promise<void>;
}

/** Milliseconds after which the tables are looked at without being told. */
const patience = 1000;
/** Runs being started: one whose inputs are fetched for minutes holds up no other. */
const mostUnderWay = 2 * claimedAtOnce;
const hour = 3_600_000;
/** Attempts at a run whose stores are away; they are a minute apart. */
const mostAttempts = 60;

/** Starts runs for events, at times and after other runs, until closed. */
export function startTriggers(services: FiringServices): Triggers {
  const { logger } = services;
  const failed = (error: unknown): void => logger.warn({ error }, 'triggers cannot be looked at; they are looked at again');
  let swept = 0;
  const lookAround = async (): Promise<void> => {
    const now = await databaseTime(services.database.pool);
    const fired = (await fireCrons(services.database, now)) + (await fireAfterRuns(services.database, services.config.triggerDepth));
    if (fired > 0) firing.wake();
    if (now.getTime() - swept <= hour) return;
    await forgetOld(services);
    swept = now.getTime();
  };
  const underWay = new Set<Promise<void>>();
  const carryOut = async (): Promise<number> => {
    if (underWay.size > mostUnderWay - claimedAtOnce) return patience;
    const firings = await claimFirings(services);
    for (const claimed of firings) {
      const done: Promise<void> = fire(services, claimed).finally(() => {
        underWay.delete(done);
        if (underWay.size === mostUnderWay - claimedAtOnce) firing.wake();
      });
      underWay.add(done);
    }
    return firings.length > 0 ? 0 : patience;
  };
  // What is due by itself is looked for once a second; what was told is carried out at once.
  const firing = startLoop(carryOut, patience, failed);
  const watching = startLoop(lookAround, patience, failed);
  return {
    kick: () => firing.wake(),
    close: async () => {
      await Promise.all([watching.close(), firing.close()]);
      await Promise.all(underWay);
    },
  };
}

async function fire(services: FiringServices, firing: Firing): Promise<void> {
  const { logger, database, metrics } = services;
  const { trigger, source, event, item, name, workspace, attempt } = firing;
  const refuse = (reason: string): Promise<void> =>
    inTransaction(database, async (tx) => {
      await query(tx, {
        name: 'note-refused',
        text: `
update trigger_firings set outcome = 'refused', reason = $5
where trigger_id = $1 and source = $2 and event_id = $3 and item = $4 and outcome = 'pending'`,
        values: [trigger, source, event, item, reason.slice(0, 4000)],
      });
      await markTrigger(tx, trigger, reason.slice(0, 4000));
    });
  try {
    const reason = await carryOutFiring(services, firing);
    metrics.firings.inc({ outcome: reason === undefined ? 'started' : 'refused' });
    metrics.firingSeconds.observe((Date.now() - firing.since.getTime()) / 1000);
    if (reason === undefined) return;
    logger.info({ workspace, trigger: name, event, reason }, 'a trigger could not start its run');
    await refuse(reason);
  } catch (error) {
    metrics.firings.inc({ outcome: 'again' });
    logger.warn({ error, workspace, trigger: name, event, attempt }, 'a trigger is tried again');
    if (attempt >= mostAttempts) await refuse(`given up: ${error instanceof Error ? error.message : String(error)}`).catch(() => undefined);
  }
}

/** Events are known for a week, what triggers did for a quarter. */
async function forgetOld({ database }: FiringServices): Promise<void> {
  await database.pool.query(`
delete from cloud_events e where received_at < now() - interval '7 days'
  and not exists (select from trigger_firings f where f.source = e.source and f.event_id = e.id and f.workspace = e.workspace and f.outcome = 'pending')`);
  await database.pool.query(`delete from trigger_firings where outcome <> 'pending' and at < now() - interval '90 days'`);
  await forgetWebhooks(database);
}
