import { WorkspaceSettings } from '@runnel/contracts';
import { followNotifications } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { startLoop } from '@runnel/service';
import type { Logger } from '@runnel/service';
import { noQuota, quotaColumns } from '../quotas/quota-rows.ts';
import type { QuotaRow } from '../quotas/quota-rows.ts';
import { workspaceChanges } from './workspace-changes.ts';

export type WorkspaceState = 'active' | 'suspended' | 'deleting' | 'deleted';

/** What every request has to know of a workspace. */
export interface KnownWorkspace {
  readonly state: WorkspaceState;
  /** Why it is suspended. */
  readonly reason: string | null;
  readonly settings: WorkspaceSettings;
  readonly quota: QuotaRow;
  /** The month (`2026-11`) whose budget is used up. */
  readonly budgetUsedIn: string | null;
  /** `process` or `process/step`: what its secrets are given to. */
  readonly secretSteps: readonly string[];
}

/**
 * All workspaces that are not like any other, in memory: there are hundreds, and each request asks. A change is known at once to the replica that
 * made it, to others within milliseconds, and within a second where they do not hear of it.
 */
export interface KnownWorkspaces {
  of(workspace: string): KnownWorkspace;
  /** Reads anew: resolves when what was committed before is known. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds between reads while nothing is heard. */
const pause = 1000;

const ordinary: KnownWorkspace = {
  state: 'active',
  reason: null,
  settings: {},
  quota: noQuota,
  budgetUsedIn: null,
  secretSteps: [],
};

export async function openKnownWorkspaces(database: Database, logger: Logger): Promise<KnownWorkspaces> {
  let known: ReadonlyMap<string, KnownWorkspace> = await readAll(database);
  let heard = false;
  let begun = 0;
  let applied = 0;
  const refresh = async (): Promise<void> => {
    const turn = ++begun;
    const found = await readAll(database);
    // A read that began earlier than what is known knows less.
    if (turn < applied) return;
    applied = turn;
    known = found;
  };
  const failed = (error: unknown): void => logger.warn({ error }, 'workspaces could not be read; they are asked for again');
  const following = followNotifications({ url: database.url, name: 'runnel-api-workspaces' }, workspaceChanges, {
    listening(now) {
      heard = now;
      void refresh().catch(failed);
    },
    heard: () => void refresh().catch(failed),
  });
  const polling = startLoop(async () => (heard ? undefined : refresh()), pause, failed);
  return {
    of: (workspace) => known.get(workspace) ?? ordinary,
    refresh,
    async close() {
      await Promise.all([following.close(), polling.close()]);
    },
  };
}

interface Row extends Omit<KnownWorkspace, 'settings' | 'quota'>, QuotaRow {
  workspace: string;
  settings: unknown;
}

async function readAll({ pool }: Pick<Database, 'pool'>): Promise<Map<string, KnownWorkspace>> {
  const { rows } = await pool.query<Row>({
    name: 'known-workspaces',
    text: `
select workspace, coalesce(w.state, 'active') as state, w.reason, coalesce(w.settings, '{}') as settings,
  coalesce(s.steps, '{}') as "secretSteps", ${quotaColumns},
  (select to_char(month, 'YYYY-MM') from budget_states b where b.workspace = n.workspace and level >= 100) as "budgetUsedIn"
from (select name as workspace from workspaces union select workspace from quotas union select workspace from secrets
  union select workspace from budget_states) n
left join workspaces w on w.name = n.workspace
left join quotas q using (workspace)
left join (select workspace, array_agg(distinct step) as steps from secrets, unnest(steps) step group by workspace) s using (workspace)`,
  });
  return new Map(
    rows.map(({ workspace, settings, state, reason, secretSteps, budgetUsedIn, ...quota }) => [
      workspace,
      { state, reason, settings: settingsOf(settings), secretSteps, budgetUsedIn, quota },
    ]),
  );
}

/** Settings of another release that this one cannot read count as none; they stand in the table as they are. */
export const settingsOf = (settings: unknown): WorkspaceSettings => WorkspaceSettings.safeParse(settings).data ?? {};
