import type { RunStatus } from '@runnel/contracts';
import type { WantedResults } from './wanted-results.ts';

/** A run as its projection shows it. */
export interface RunRow {
  readonly id: string;
  /** Whose run it is. */
  readonly workspace: string;
  /** Where it executes: whose its steps, their logs and its intermediate files are. */
  readonly executingWorkspace: string;
  readonly processWorkspace: string;
  readonly processId: string;
  readonly processVersion: string;
  readonly processDigest: string;
  readonly phase: RunStatus;
  /** 0 to 100. */
  readonly progress: number;
  readonly message: string;
  readonly version: number;
  readonly failure: { readonly class: string; readonly reason: string; readonly step?: string } | null;
  /** Why a person should look. */
  readonly attention: string | null;
  /** Object key of the result document. */
  readonly document: string | null;
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Among the runs of its workspace. */
  readonly priority: number;
  readonly weight: number;
  /** Nothing of it runs any more. */
  readonly stopped: boolean;
  /** How its caller wants the results; null where it said nothing. */
  readonly request: WantedResults | null;
  /** The run from which it goes on. */
  readonly resumes: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly updatedAt: Date;
}

export const runColumns = `id, workspace, coalesce(executing_workspace, workspace) as "executingWorkspace",
  process_workspace as "processWorkspace", process_id as "processId", process_version as "processVersion",
  process_digest as "processDigest", phase, progress, message, version, failure, attention, document, name, labels,
  priority, weight, stopped, request, resumes,
  created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt", updated_at as "updatedAt"`;

export const isFinal = (phase: RunStatus): boolean => phase === 'successful' || phase === 'failed' || phase === 'dismissed';
