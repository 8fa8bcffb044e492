import type { RunEvent } from '@runnel/engine';
import { appendWrites, ServiceUnavailable, writeTogether } from '@runnel/postgres';
import type { Database, OutboxRow, Write } from '@runnel/postgres';
import { insertCallbacks } from '../callbacks/callback-rows.ts';
import { insertWebhookCalls } from '../callbacks/webhook-rows.ts';
import type { RunRow } from './find-runs.ts';

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
}

/** Writes accepted runs. */
export interface Acceptances {
  /** Resolves when the run is committed; rejects with what its checks throw, and with ServiceUnavailable. */
  write(this: void, run: NewRun): Promise<void>;
}

/** Runs in one transaction: what waits behind it waits for all of them. */
const mostTogether = 64;

interface Waiting {
  readonly run: NewRun;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Runs that come while a transaction is under way go into the next one together: many callers at once cost the database little more than one, and
 * one alone waits for nobody. A run that brings statements of its own has its own transaction, since it may wait for a lock or be refused.
 */
export function openAcceptances(database: Database): Acceptances {
  const waiting: Waiting[] = [];
  let writing = false;
  const writeAll = async (): Promise<void> => {
    writing = true;
    while (waiting.length > 0) await writeBatch(database, waiting.splice(0, mostTogether));
    writing = false;
  };
  return {
    write: (run) => {
      if (run.checks.length > 0 || run.also.length > 0) return writeTogether(database, statementsOf([run]));
      return new Promise((resolve, reject) => {
        waiting.push({ run, resolve, reject });
        if (!writing) void writeAll();
      });
    },
  };
}

/** Never rejects. Where the whole is refused each is tried alone, so that only the faulty one fails. */
async function writeBatch(database: Database, batch: readonly Waiting[]): Promise<void> {
  try {
    await writeTogether(database, statementsOf(batch.map(({ run }) => run)));
    for (const { resolve } of batch) resolve();
  } catch (error) {
    // Whether the commit was reached is then unknown: a second try could meet the first.
    if (batch.length > 1 && !(error instanceof ServiceUnavailable)) for (const one of batch) await writeBatch(database, [one]);
    else for (const { reject } of batch) reject(error);
  }
}

function statementsOf(runs: readonly NewRun[]): Write[] {
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
