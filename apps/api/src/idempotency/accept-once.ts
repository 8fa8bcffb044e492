import { Problem } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { acceptRun } from '../runs/accept-run.ts';
import type { AcceptOutcome, Execution } from '../runs/accept-run.ts';
import { findRun } from '../runs/find-run.ts';
import { findIdempotent, KeyTaken } from './idempotency-key.ts';

/** Accepts a run, or finds the one that the same request led to before, also where it comes twice at the same time. */
export async function acceptOnce(context: ApiContext, execution: Execution): Promise<AcceptOutcome> {
  const before = await acceptedBefore(context, execution);
  if (before) return before;
  try {
    return await acceptRun(context, execution);
  } catch (error) {
    const now = error instanceof KeyTaken ? await acceptedBefore(context, execution) : undefined;
    if (!now) throw error;
    return now;
  }
}

async function acceptedBefore(
  { database }: ApiContext,
  { idempotent, caller }: Execution,
): Promise<(AcceptOutcome & { kind: 'accepted' }) | undefined> {
  const id = idempotent && (await findIdempotent(database, idempotent));
  if (id === undefined) return undefined;
  const run = await findRun(database, caller.workspace, id);
  if (!run) throw new Problem({ status: 410, title: 'Gone', detail: `the request was carried out before: its run ${id} is no more` });
  return { kind: 'accepted', run };
}
