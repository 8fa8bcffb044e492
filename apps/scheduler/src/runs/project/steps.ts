import type { Write } from '@runnel/postgres';
import { attemptOfLimit } from '@runnel/engine';
import type { AttemptRef, FailureInfo, RunEvent } from '@runnel/engine';
import { acceptedOf } from '../known-run.ts';
import type { Decided, Folded } from '../fold-news.ts';
import type { News } from '../news.ts';

export type StepState = 'requested' | 'running' | 'successful' | 'failed' | 'waiting' | 'stopping' | 'stopped';

/** What changes in the row of a step; what is absent stays, unless the attempt is a new one. */
export interface StepChange {
  run: string;
  workspace: string;
  step: string;
  attempt: number;
  state: StepState;
  at: string;
  executor?: string;
  cores?: number;
  memoryMiB?: number;
  requestedAt?: string;
  startedAt?: string;
  finishedAt?: string;
  exitCode?: number;
  failure?: object;
  result?: string;
  logs?: readonly { key: string; size: number }[];
  reuseKey?: string;
  reused?: object;
}

/** The last word of a batch about each step it touches; `stopping`: attempts of it that are asked to stop. */
export function stepChanges({ run, known, decided }: Folded, stopping: readonly (AttemptRef & { executor: string })[]): StepChange[] {
  const changes = new Map<string, StepChange>();
  const { workspace } = acceptedOf(known.state);
  const add = (change: Omit<StepChange, 'run' | 'workspace'>): void => {
    const before = changes.get(change.step);
    const kept = before?.attempt === change.attempt ? before : {};
    changes.set(change.step, { ...kept, ...change, run, workspace });
  };
  for (const item of decided) {
    const change = changeOf(item) ?? overLimit(item, known.state.fault?.failure);
    if (change) add(change);
  }
  for (const { step, attempt, executor } of stopping) add({ step, attempt, executor, state: 'stopping', at: known.state.at });
  return [...changes.values()];
}

function changeOf({ event, news }: Decided): Omit<StepChange, 'run' | 'workspace'> | undefined {
  const at = event.at;
  switch (event.type) {
    case 'step.requested': {
      const { cores, memoryMiB } = news.grant ?? { cores: 1, memoryMiB: 256 };
      return { ...attemptOf(event), at, state: 'requested', executor: event.data.executor, cores, memoryMiB, requestedAt: at };
    }
    case 'step.started':
      return { ...attemptOf(event), at, state: 'running', executor: event.data.executor, startedAt: news.attempt?.startedAt ?? at };
    case 'step.finished':
      return { ...attemptOf(event), at, state: event.data.outcome === 'success' ? 'successful' : 'failed', ...finish(event, news) };
    case 'step.handed-back':
      return { ...attemptOf(event), at, state: 'waiting', finishedAt: at };
    case 'step.retry-scheduled':
      return { ...attemptOf(event), at, state: 'waiting', ...finish(event, news) };
    case 'step.recalled':
      return { ...attemptOf(event), at, state: 'stopping' };
    case 'step.stopped':
      return { ...attemptOf(event), at, state: 'stopped', finishedAt: at };
    default:
      return undefined;
  }
}

/** An attempt that took too long: it is being stopped, and its row says why the run failed. */
function overLimit({ event }: Decided, failure: FailureInfo | undefined): Omit<StepChange, 'run' | 'workspace'> | undefined {
  if (event.type !== 'timer.fired' || event.data.kind !== 'step-limit' || !failure) return undefined;
  return { ...attemptOfLimit(event.data.key), at: event.at, state: 'stopping', failure };
}

function attemptOf({ data }: Extract<RunEvent, { data: { step: string; attempt: number } }>): { step: string; attempt: number } {
  return { step: data.step, attempt: data.attempt };
}

function finish(
  { at, data }: Extract<RunEvent, { type: 'step.finished' | 'step.retry-scheduled' }>,
  { attempt }: News,
): Partial<StepChange> {
  const exitCode = data.failure?.exitCode;
  return {
    finishedAt: attempt?.finishedAt ?? at,
    ...(attempt?.startedAt === undefined ? {} : { startedAt: attempt.startedAt }),
    ...(attempt?.logs === undefined ? {} : { logs: attempt.logs }),
    ...(attempt?.reuseKey === undefined ? {} : { reuseKey: attempt.reuseKey }),
    ...(attempt?.reused === undefined ? {} : { reused: attempt.reused }),
    ...(data.failure ? { failure: data.failure } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...('result' in data && data.result !== undefined ? { result: data.result } : {}),
  };
}

const upsert = {
  name: 'upsert-steps',
  text: `
insert into steps as s (run_id, step, attempt, workspace, state, executor, cores, memory_mib, requested_at, started_at, finished_at, exit_code, failure, result_key, logs, reuse_key, reused)
select c.run_id, c.step, c.attempt, c.workspace, c.state, c.executor, coalesce(c.cores, 0), coalesce(c.memory_mib, 0), coalesce(c.requested_at, c.at),
  c.started_at, c.finished_at, c.exit_code, c.failure, c.result_key, c.logs, c.reuse_key, c.reused
from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::timestamptz[], $10::timestamptz[],
  $11::timestamptz[], $12::timestamptz[], $13::int[], $14::json[], $15::text[], $16::json[], $17::text[], $18::json[])
  as c (run_id, step, attempt, workspace, state, executor, cores, memory_mib, at, requested_at, started_at, finished_at, exit_code, failure, result_key, logs, reuse_key, reused)
on conflict (run_id, step) do update set
  attempt = excluded.attempt,
  state = excluded.state,
  executor = coalesce(excluded.executor, s.executor),
  cores = case when excluded.attempt > s.attempt then excluded.cores else s.cores end,
  memory_mib = case when excluded.attempt > s.attempt then excluded.memory_mib else s.memory_mib end,
  requested_at = case when excluded.attempt > s.attempt then excluded.requested_at else s.requested_at end,
  started_at = case when excluded.attempt > s.attempt then excluded.started_at else coalesce(excluded.started_at, s.started_at) end,
  finished_at = case when excluded.attempt > s.attempt then excluded.finished_at else coalesce(excluded.finished_at, s.finished_at) end,
  exit_code = case when excluded.attempt > s.attempt then excluded.exit_code else coalesce(excluded.exit_code, s.exit_code) end,
  failure = case when excluded.attempt > s.attempt then excluded.failure else coalesce(excluded.failure, s.failure) end,
  result_key = case when excluded.attempt > s.attempt then excluded.result_key else coalesce(excluded.result_key, s.result_key) end,
  logs = case when excluded.attempt > s.attempt then excluded.logs else coalesce(excluded.logs, s.logs) end,
  reuse_key = excluded.reuse_key,
  reused = excluded.reused
where s.attempt <= excluded.attempt`,
};

export function stepWrites(changes: readonly StepChange[]): Write[] {
  if (changes.length === 0) return [];
  const column = <T>(of: (change: StepChange) => T | undefined): (T | null)[] => changes.map((change) => of(change) ?? null);
  const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));
  return [
    {
      ...upsert,
      values: [
        column((change) => change.run),
        column((change) => change.step),
        column((change) => change.attempt),
        column((change) => change.workspace),
        column((change) => change.state),
        column((change) => change.executor),
        column((change) => change.cores),
        column((change) => change.memoryMiB),
        column((change) => change.at),
        column((change) => change.requestedAt),
        column((change) => change.startedAt),
        column((change) => change.finishedAt),
        column((change) => change.exitCode),
        column((change) => json(change.failure)),
        column((change) => change.result),
        column((change) => json(change.logs)),
        column((change) => change.reuseKey),
        column((change) => json(change.reused)),
      ],
    },
  ];
}
