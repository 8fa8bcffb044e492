import { isFinal, type RunRow } from '../../runs/run-row.ts';
import type { Link } from '../ogc/base.ts';
import { json, rels } from '../ogc/base.ts';

/** Status of a job as recorded (contract of the EODH face, section 1.7). What there is none of is absent, never null. */
export interface EodhStatus {
  readonly progress?: number;
  readonly id: string;
  readonly jobID: string;
  readonly type: 'process';
  readonly processID: string;
  readonly created: string;
  readonly started: string;
  readonly finished?: string;
  readonly updated: string;
  readonly status: 'running' | 'successful' | 'failed' | 'dismissed';
  readonly message: string;
  readonly links: readonly Link[];
}

/** `logs`: names of the logs there are. */
export function eodhStatus(run: RunRow, base: string, logs: readonly string[] = []): EodhStatus {
  const href = `${base}/jobs/${run.id}`;
  return {
    ...(isFinal(run.phase) ? {} : { progress: run.progress }),
    id: run.id,
    jobID: run.id,
    type: 'process',
    processID: run.processId,
    created: run.createdAt.toISOString(),
    started: (run.startedAt ?? run.createdAt).toISOString(),
    ...(run.finishedAt ? { finished: run.finishedAt.toISOString() } : {}),
    updated: run.updatedAt.toISOString(),
    // Clients wait while it is this, also while it is queued; the message tells.
    status: run.phase === 'accepted' || run.phase === 'publishing' ? 'running' : run.phase,
    message: run.message,
    links: [
      { title: 'Status location', rel: 'monitor', type: json, href },
      ...(run.phase === 'successful' ? [{ title: 'Result location', rel: rels.results, type: json, href: `${href}/results` }] : []),
      ...logs.map((name) => ({
        title: `Tool log ${name}.log`,
        rel: 'related',
        type: 'text/plain',
        href: `${href}/${encodeURIComponent(name)}.log`,
      })),
    ],
  };
}

/** What DELETE answers: as if there were no job any more. */
export function dismissedStatus(run: RunRow, base: string): EodhStatus {
  const { progress: _progress, ...status } = eodhStatus(run, base);
  const list = { title: 'The job list for the current process', rel: 'parent', type: json, href: `${base}/jobs` };
  return { ...status, status: 'dismissed', links: [list] };
}
