import { partitionOf, RunAccepted, RunStatusChanged } from '@runnel/contracts';
import type { AcceptedRun, FailureInfo, RunEngine, RunEvent } from '@runnel/engine';
import { outboxRows, outgoing } from '@runnel/messaging';
import type { Write } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import type { FiringKey } from '../triggers/note-started.ts';
import type { RunRow } from './run-row.ts';
import type { RunDetails } from './run-details.ts';

export interface Acceptance {
  readonly accepted: AcceptedRun;
  /** It is accepted and has failed at once. */
  readonly refusal: FailureInfo | undefined;
  readonly principal: string;
  readonly details: RunDetails;
  readonly request: RunRow['request'];
  readonly base: string;
  readonly traceparent: string | undefined;
  /** May refuse it in the last instant. */
  readonly checks: readonly Write[];
  readonly also: readonly Write[];
  readonly firing: FiringKey | undefined;
}

/** Writes the first event of a run, its row, its messages and whom its end is told; resolves when they are committed. */
export async function writeAccepted(
  { messaging, acceptances }: Pick<ApiContext, 'messaging' | 'acceptances'>,
  engine: RunEngine,
  { accepted, refusal, principal, details, request, base, traceparent, checks, also, firing }: Acceptance,
): Promise<RunRow> {
  const state = engine.initialState();
  const at = accepted.acceptedAt;
  const events: RunEvent[] = engine.decide(state, { type: 'accept-run', accepted, at, ...(refusal ? { refusal } : {}) });
  for (const event of events) engine.evolve(state, event);
  const { phase, progress, message, version, failure = null } = engine.summary(state);
  const { run, workspace: executing, caller: workspace = executing } = accepted;
  const { stopped } = state;
  const news = { workspace: executing, run, version, status: phase, progress, message, steps: [] };
  const messages = outboxRows(messaging, [
    // One that is over is nobody's work.
    ...(stopped ? [] : [outgoing(RunAccepted, { workspace: executing, run }, { traceparent })]),
    outgoing(RunStatusChanged, news, { traceparent }),
  ]);
  const row: RunRow = {
    id: run,
    workspace,
    executingWorkspace: executing,
    processWorkspace: accepted.process.workspace,
    processId: accepted.process.id,
    processVersion: accepted.process.version,
    processDigest: accepted.process.digest,
    phase,
    progress,
    message,
    version,
    failure,
    attention: null,
    document: null,
    name: details.name ?? null,
    labels: details.labels ?? {},
    priority: 0,
    weight: 1,
    stopped,
    request,
    resumes: accepted.resumes?.run ?? null,
    createdAt: new Date(at),
    startedAt: null,
    finishedAt: stopped ? new Date(at) : null,
    updatedAt: new Date(at),
  };
  crashPoint('api.accept.before-write');
  await acceptances.write({ row, partition: partitionOf(run), principal, base, events, messages, checks, also, firing });
  crashPoint('api.accept.after-write');
  return row;
}
