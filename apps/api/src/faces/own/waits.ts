import type { RunRow } from '../../runs/run-row.ts';
import type { ReadyNodeRow } from '../../runs/find-ready-nodes.ts';

/** Why a step waits, and for how long. */
export interface Wait {
  readonly reason: string;
  readonly since: string;
  readonly waitedSeconds: number;
}

/** Of a step that waits for admission the admitter knows more than the run; others wait since the run was accepted. `now`: milliseconds. */
export function waitOf(run: RunRow, reason: string | undefined, ready: ReadyNodeRow | undefined, now: number): Wait {
  return waitSince(ready?.reason ?? reason ?? 'waits for the steps before it', ready?.since ?? run.createdAt, now);
}

export function waitSince(reason: string, since: Date, now: number): Wait {
  return { reason, since: since.toISOString(), waitedSeconds: Math.max(0, Math.round((now - since.getTime()) / 1000)) };
}
