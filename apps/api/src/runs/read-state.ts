import type { RunEngine, RunEvent, RunState } from '@runnel/engine';
import { inTransaction, loadRun } from '@runnel/postgres';
import type { ApiContext } from '../context.ts';
import type { RunRow } from './run-row.ts';

/** State of a run as its events tell it, with the engine that reads it. */
export async function readState(
  { database, packages }: Pick<ApiContext, 'database' | 'packages'>,
  run: RunRow,
): Promise<{ readonly engine: RunEngine; readonly state: RunState }> {
  let engine: RunEngine | undefined;
  const loaded = await inTransaction(database, (tx) =>
    loadRun<RunState, RunEvent>(
      tx,
      async (pin) => {
        engine = (await packages.get(pin)).engine;
        return engine;
      },
      run.id,
    ),
  );
  if (!loaded || !engine) throw new Error(`run ${run.id} has a row and no events`);
  return { engine, state: loaded.state };
}
