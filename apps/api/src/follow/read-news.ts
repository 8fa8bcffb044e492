import type { RunStatus } from '@runnel/contracts';
import type { Database } from '@runnel/postgres';
import type { RunRow } from '../runs/run-row.ts';
import type { RunNews } from './status-feed.ts';

type Pool = Pick<Database, 'pool'>;
export type StepNews = RunNews['steps'][number];

/** Steps that one news names. */
const mostSteps = 100;
/** Events that are replayed to who comes back; who missed more gets the present state instead. */
const mostEvents = 2000;

/** The present state of a run as news: with the steps that moved last. */
export async function readPresent({ pool }: Pool, run: RunRow): Promise<RunNews> {
  const { rows } = await pool.query<{ step: string; attempt: number; state: string }>({
    name: 'latest-steps',
    text: `
select step, attempt, state from steps where run_id = $1
order by greatest(requested_at, started_at, finished_at) desc limit $2`,
    values: [run.id, mostSteps],
  });
  return newsOf(
    run,
    run.version,
    rows.reverse().map(({ step, attempt, state }) => ({ step, attempt, status: statusOfState(state) })),
  );
}

/** What happened after a version, told again from the run's events; ends with the present version. */
export async function readMissed(database: Pool, run: RunRow, after: number): Promise<RunNews[]> {
  if (run.version - after > mostEvents) return [await readPresent(database, run)];
  const { rows } = await database.pool.query<{
    version: number;
    type: string;
    data: { step?: string; attempt?: number; outcome?: string };
  }>({
    name: 'missed-events',
    text: 'select version, type, data from events where run_id = $1 and version > $2 and version <= $3 order by version',
    values: [run.id, after, run.version],
  });
  const news: RunNews[] = [];
  let steps: StepNews[] = [];
  for (const { version, type, data } of rows) {
    const status = statusOfEvent(type, data.outcome);
    if (status === undefined || data.step === undefined) continue;
    steps.push({ step: data.step, attempt: data.attempt ?? 1, status });
    if (steps.length < mostSteps) continue;
    // Only the last one may say that the run has ended: who sees that stops reading.
    if (version < run.version) news.push(newsOf({ ...run, phase: 'running' }, version, steps));
    if (version < run.version) steps = [];
  }
  return [...news, newsOf(run, run.version, steps)];
}

function newsOf(run: Pick<RunRow, 'id' | 'workspace' | 'phase' | 'progress' | 'message'>, version: number, steps: StepNews[]): RunNews {
  const status: RunStatus = run.phase;
  return { workspace: run.workspace, run: run.id, version, status, progress: run.progress, message: run.message, steps };
}

/** Of a row of the table `steps`. */
export function statusOfState(state: string): StepNews['status'] {
  if (state === 'stopping') return 'running';
  if (state === 'stopped') return 'failed';
  return state === 'requested' || state === 'running' || state === 'successful' || state === 'waiting' ? state : 'failed';
}

function statusOfEvent(type: string, outcome: string | undefined): StepNews['status'] | undefined {
  if (type === 'step.requested') return 'requested';
  if (type === 'step.started') return 'running';
  if (type === 'step.finished') return outcome === 'success' ? 'successful' : 'failed';
  if (type === 'step.handed-back' || type === 'step.retry-scheduled') return 'waiting';
  return undefined;
}
