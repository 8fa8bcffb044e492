import type { RunEvent } from '@runnel/engine';
import { appendWrites, gatherWrites, writeTogether } from '@runnel/postgres';
import type { Database, OutboxRow, Write } from '@runnel/postgres';
import { insertCallbacks } from '../callbacks/callback-rows.ts';
import { insertWebhookCalls } from '../callbacks/webhook-rows.ts';
import { noteStarted } from '../triggers/note-started.ts';
import type { FiringKey } from '../triggers/note-started.ts';
import type { RunRow } from './run-row.ts';

/** What is written of a run when it is accepted. */
export interface NewRun {
  readonly row: RunRow;
  readonly partition: number;
  readonly principal: string;
  /** Address of the face, for links in what its subscribers are told. */
  readonly base: string;
  readonly events: readonly RunEvent[];
  readonly messages: readonly OutboxRow[];
  /** May refuse it in the last instant. */
  readonly checks: readonly Write[];
  readonly also: readonly Write[];
  /** It was started by this firing of a trigger; throws AlreadyFired where that has started another one. */
  readonly firing?: FiringKey | undefined;
}

/** Writes accepted runs. */
export interface Acceptances {
  /** Resolves when the run is committed; rejects with what its checks throw, and with ServiceUnavailable. */
  write(this: void, run: NewRun): Promise<void>;
}

/**
 * Runs that come while a transaction is under way go into the next one together, those that triggers start as well. A run that brings statements of its
 * own has its own transaction, since it may wait for a lock or be refused.
 */
export function openAcceptances(database: Database): Acceptances {
  const together = gatherWrites(async (runs: readonly NewRun[]) => {
    await writeTogether(database, statementsOf(runs));
    return runs.map(() => undefined);
  });
  return {
    write: (run) => (run.checks.length > 0 || run.also.length > 0 ? writeTogether(database, statementsOf([run])) : together(run)),
  };
}

function statementsOf(runs: readonly NewRun[]): Write[] {
  const started = runs.flatMap(({ row, firing }) => (firing ? [{ ...firing, run: row.id }] : []));
  return [
    ...runs.flatMap(({ checks }) => checks),
    ...appendWrites(
      runs.map(({ row, events }) => ({ runId: row.id, expectedVersion: 0, events })),
      runs.flatMap(({ messages }) => messages),
    ),
    insertRuns(runs),
    ...runs.flatMap(({ row, base }) =>
      row.request?.subscriber ? insertCallbacks(row.id, row.workspace, row.request.subscriber, base) : [],
    ),
    insertWebhookCalls(runs.map(({ row, base }) => ({ run: row.id, workspace: row.workspace, base }))),
    ...runs.flatMap(({ also }) => also),
    ...(started.length > 0 ? [noteStarted(started)] : []),
  ];
}

const columns = `id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, progress, message,
  version, created_at, updated_at, request, executing_workspace, failure, stopped, finished_at, resumes, name, labels`;

function insertRuns(runs: readonly NewRun[]): Write {
  const rows = runs.map(({ row, partition, principal }) => ({
    id: row.id,
    partition,
    workspace: row.workspace,
    process_workspace: row.processWorkspace,
    process_id: row.processId,
    process_version: row.processVersion,
    process_digest: row.processDigest,
    principal,
    phase: row.phase,
    progress: row.progress,
    message: row.message,
    version: row.version,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    request: row.request,
    executing_workspace: row.executingWorkspace === row.workspace ? null : row.executingWorkspace,
    failure: row.failure,
    stopped: row.stopped,
    finished_at: row.finishedAt,
    resumes: row.resumes,
    name: row.name,
    labels: row.labels,
  }));
  return {
    name: 'insert-runs',
    text: `insert into runs (${columns}) select ${columns} from json_populate_recordset(null::runs, $1)`,
    values: [JSON.stringify(rows)],
  };
}
