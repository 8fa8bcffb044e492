import { startLoop } from '@runnel/service';
import type { Loop } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { dismissRun } from '../runs/dismiss-run.ts';

type Services = Pick<ApiContext, 'database' | 'packages' | 'messaging' | 'relay' | 'logger'>;

/** Milliseconds between looks. */
const pause = 2000;
/** Runs dismissed in one look. */
const atOnce = 200;

/** Dismisses the runs of workspaces that are being deleted, their own and those of others that execute there; every api does, and twice is once. */
export function startRemovals(services: Services): Loop {
  const failed = (error: unknown): void => services.logger.error({ error }, 'dismissing runs of a deleted workspace failed');
  return startLoop(() => dismissNext(services), pause, failed);
}

async function dismissNext(services: Services): Promise<void> {
  const { rows } = await services.database.pool.query<{ id: string; workspace: string }>({
    name: 'runs-of-deleted-workspaces',
    text: `
select r.id, r.workspace from runs r join workspaces w on w.name in (r.workspace, r.executing_workspace) and w.state = 'deleting'
where not r.stopped and r.finished_at is null limit ${atOnce}`,
  });
  for (const { id: run, workspace } of rows) await dismissRun(services, { workspace, run, by: 'the workspace is deleted' });
}
