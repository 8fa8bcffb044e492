import { isFinal, type RunRow } from '../../runs/run-row.ts';
import type { Link } from './base.ts';
import { json, rels } from './base.ts';

/** Status of a job (18-062r2, 7.12). Times and progress that there are none of are absent, never null. */
export interface StatusInfo {
  readonly jobID: string;
  /** As version 2 of the standard names it. */
  readonly id: string;
  readonly processID: string;
  readonly type: 'process';
  readonly status: 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed';
  readonly message: string;
  readonly progress?: number;
  readonly created: string;
  readonly started?: string;
  readonly finished?: string;
  readonly updated: string;
  /** Why a person should look. */
  readonly attention?: string;
  readonly links: readonly Link[];
}

export function statusInfo(run: RunRow, base: string): StatusInfo {
  const href = `${base}/jobs/${run.id}`;
  const ended = isFinal(run.phase);
  return {
    jobID: run.id,
    id: run.id,
    processID: run.processId,
    type: 'process',
    // Its results are being published: for its reader it runs (rule 9).
    status: run.phase === 'publishing' ? 'running' : run.phase,
    message: run.message,
    ...(ended ? {} : { progress: run.progress }),
    created: run.createdAt.toISOString(),
    ...(run.startedAt ? { started: run.startedAt.toISOString() } : {}),
    ...(run.finishedAt ? { finished: run.finishedAt.toISOString() } : {}),
    updated: run.updatedAt.toISOString(),
    ...(run.attention === null ? {} : { attention: run.attention }),
    links: [
      { rel: 'self', type: json, title: 'Status', href },
      { rel: 'monitor', type: json, title: 'Status', href },
      ...(run.phase === 'successful' ? [{ rel: rels.results, type: json, title: 'Results', href: `${href}/results` }] : []),
      ...(run.phase === 'failed'
        ? [{ rel: rels.exceptions, type: 'application/problem+json', title: 'Why it failed', href: `${href}/results` }]
        : []),
    ],
  };
}
