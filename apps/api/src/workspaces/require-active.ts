import type { Action, Principal } from '@runnel/access';
import { Problem } from '@runnel/service';
import type { KnownWorkspace, KnownWorkspaces } from './known-workspaces.ts';

/** What members of a suspended workspace may still do: look, and stop what runs. */
const whileSuspended: ReadonlySet<Action> = new Set<Action>([
  'process.list',
  'process.read',
  'process.source',
  'run.list',
  'run.read',
  'run.dismiss',
  'file.read',
  'event.read',
  'harvest.read',
  'trigger.read',
  'usage.read',
  'workspace.read',
  'history.read',
  'token.read',
  'session.create',
  'executor.read',
]);

/** Why a caller may not do this for its workspace now: it is suspended or deleted. Operators are not stopped by what became of their own. */
export function refusalForState(workspaces: Pick<KnownWorkspaces, 'of'>, principal: Principal, action: Action): Problem | undefined {
  if (principal.kind !== 'token' || principal.scopes.includes('operator') || action.startsWith('service.')) return undefined;
  const { state, reason } = workspaces.of(principal.workspace);
  if (state === 'active' || (state === 'suspended' && whileSuspended.has(action))) return undefined;
  return new Problem({ status: 403, title: 'Forbidden', detail: whyNot(principal.workspace, { state, reason }) });
}

/** Throws where nothing new may begin in the workspace: it is suspended or deleted, or has used up its budget of this month (UTC). */
export function requireActive(workspaces: Pick<KnownWorkspaces, 'of'>, workspace: string, now: Date): void {
  const known = workspaces.of(workspace);
  if (known.state !== 'active') throw new Problem({ status: 403, title: 'Forbidden', detail: whyNot(workspace, known) });
  const month = now.toISOString().slice(0, 7);
  if (known.budgetUsedIn !== month) return;
  const detail = `workspace "${workspace}" has used up its budget for ${month}: a larger one, or the next month, lets runs begin again`;
  throw new Problem({ status: 403, title: 'Budget used up', detail });
}

function whyNot(workspace: string, { state, reason }: Pick<KnownWorkspace, 'state' | 'reason'>): string {
  if (state !== 'suspended') return `workspace "${workspace}" is deleted`;
  return `workspace "${workspace}" is suspended${reason === null ? '' : `: ${reason}`}`;
}
