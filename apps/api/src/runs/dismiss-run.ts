import { RunDismissed, RunStatusChanged } from '@runnel/contracts';
import type { RunEngine, RunEvent, RunState } from '@runnel/engine';
import { outboxRows, outgoing } from '@runnel/messaging';
import { appendEvents, inTransaction, loadRun, query, VersionConflict } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { findRun } from './find-run.ts';
import type { RunRow } from './run-row.ts';

export interface Dismissal {
  readonly workspace: string;
  readonly run: string;
  /** Who asks, for the run's event. */
  readonly by: string;
  readonly traceparent?: string | undefined;
}

type Services = Pick<ApiContext, 'database' | 'packages' | 'messaging' | 'relay'>;

const attempts = 10;

/**
 * Dismisses a run (rule 10): final for its readers when this resolves; the scheduler stops what still runs. A run that has ended stays as it is.
 * Undefined where the workspace has no such run.
 */
export async function dismissRun(services: Services, dismissal: Dismissal): Promise<RunRow | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await findRun(services.database, dismissal.workspace, dismissal.run);
    if (!found) return undefined;
    try {
      await inTransaction(services.database, (tx) => dismiss(services, tx, dismissal));
      crashPoint('api.dismiss.after-commit');
      services.relay.kick();
      return await findRun(services.database, dismissal.workspace, dismissal.run);
    } catch (error) {
      // Its owner was faster: decide again upon what it wrote.
      if (!(error instanceof VersionConflict) || attempt === attempts) throw error;
    }
  }
}

async function dismiss(services: Services, tx: Transaction, { run, by, traceparent }: Dismissal): Promise<void> {
  // Whoever appends updates this row too: with its lock a busy run's owner waits for us, instead of winning every time.
  await query(tx, { name: 'lock-run', text: 'select from runs where id = $1 for update', values: [run] });
  let engine: RunEngine | undefined;
  const engineFor = async (pin: Parameters<typeof services.packages.get>[0]): Promise<RunEngine> => {
    engine = (await services.packages.get(pin)).engine;
    return engine;
  };
  const loaded = await loadRun<RunState, RunEvent>(tx, engineFor, run);
  if (!loaded || !engine) return;
  const { state, version } = loaded;
  const at = new Date().toISOString();
  const events = engine.decide(state, { type: 'dismiss-run', by, at });
  if (events.length === 0) return;
  for (const event of events) engine.evolve(state, event);
  const { phase, progress, message, version: now } = engine.summary(state);
  const workspace = state.accepted?.workspace ?? '';
  const messages = outboxRows(services.messaging, [
    outgoing(RunDismissed, { workspace, run }, { traceparent }),
    outgoing(RunStatusChanged, { workspace, run, version: now, status: phase, progress, message, steps: [] }, { traceparent }),
  ]);
  crashPoint('api.dismiss.before-append');
  await appendEvents(tx, [{ runId: run, expectedVersion: version, events }], messages);
  await query(tx, {
    name: 'dismiss-run',
    text: 'update runs set phase = $2, progress = $3, message = $4, version = $5, finished_at = $6, updated_at = $6 where id = $1',
    values: [run, phase, progress, message, now, at],
  });
  crashPoint('api.dismiss.before-commit');
}
