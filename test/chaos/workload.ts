import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';

/** How a run has to end, whatever is killed meanwhile. */
export interface Expected {
  status: 'successful' | 'failed' | 'dismissed';
  /** Literal results by output id. */
  results?: Record<string, unknown>;
  /** Contents of File results by output id. */
  contents?: Record<string, string>;
  /** STAC items the run's collection has to hold. */
  items?: number;
}

export interface Work {
  run: string;
  kind: string;
  expected: Expected;
}

const documents = ['wide', 'files', 'failing', 'catalogue'] as const;
type Kind = (typeof documents)[number] | 'dismissed';

export async function deployAll(cluster: Cluster): Promise<void> {
  for (const name of documents) {
    const body = readFileSync(join(import.meta.dirname, 'documents', `${name}.cwl`), 'utf8');
    const answer = await cluster.request('/demo/ogc-api/processes', { method: 'POST', body, headers: { 'content-type': 'application/cwl+yaml' } });
    if (answer.status !== 201 && answer.status !== 409) throw new Error(`deploying ${name}: ${answer.status} ${await answer.text()}`);
  }
}

const kinds: Kind[] = ['wide', 'files', 'catalogue', 'wide', 'failing', 'dismissed'];

/** Starts run number `n` of a rotating mix: wide scatters, files through a chain, STAC, a tool that fails, a run that is dismissed. */
export async function startWork(cluster: Cluster, n: number, width = 12): Promise<Work> {
  const kind = kinds[n % kinds.length] ?? 'wide';
  const inputs = inputsOf(kind, n, width);
  const process = kind === 'dismissed' ? 'wide' : kind;
  const answer = await cluster.request(`/demo/ogc-api/processes/${process}/execution`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
    headers: { prefer: 'respond-async' },
  });
  if (answer.status !== 201) throw new Error(`executing ${process}: ${answer.status} ${await answer.text()}`);
  const { jobID: run } = (await answer.json()) as { jobID: string };
  const ended = kind === 'dismissed' && (await dismiss(cluster, run)) !== 'dismissed';
  // Where services were away so long that it ended before it could be dismissed, it has to have ended well.
  return { run, kind, expected: expectedOf(ended ? 'wide' : kind, n, width) };
}

async function dismiss(cluster: Cluster, run: string): Promise<string> {
  const answer = await cluster.request(`/demo/ogc-api/jobs/${run}`, { method: 'DELETE' });
  if (answer.status !== 200) throw new Error(`dismissing ${run}: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { status: string }).status;
}

function inputsOf(kind: Kind, n: number, width: number): Record<string, unknown> {
  switch (kind) {
    case 'wide':
    case 'dismissed':
      return { n: Array.from({ length: width }, (_, i) => i) };
    case 'files':
    case 'catalogue':
      return { text: `number ${n}` };
    case 'failing':
      return {};
  }
}

function expectedOf(kind: Kind, n: number, width: number): Expected {
  switch (kind) {
    case 'wide':
      return { status: 'successful', results: { all: Array.from({ length: width }, (_, i) => `element-${i}-done`) } };
    case 'files':
      return { status: 'successful', contents: { out: `number ${n}\nnumber ${n}\n` } };
    case 'catalogue':
      return { status: 'successful', items: 1 };
    case 'failing':
      return { status: 'failed' };
    case 'dismissed':
      return { status: 'dismissed' };
  }
}

const isFinal = (status: string): boolean => status === 'successful' || status === 'failed' || status === 'dismissed';

/** Waits until every run is final and confirmed stopped; names those that are not after `patience` milliseconds. */
export async function untilDone(cluster: Cluster, work: readonly Work[], patience: number): Promise<string[]> {
  for (const end = Date.now() + patience; ; ) {
    const open = await openRuns(cluster, work).catch(() => undefined);
    if (open?.length === 0) return [];
    if (Date.now() > end) return open ?? ['the database does not answer'];
    await sleep(200);
  }
}

/** Also runs that nobody knows of: an answer was lost on its way and the client asked again. */
async function openRuns(cluster: Cluster, work: readonly Work[]): Promise<string[]> {
  const { rows } = await cluster.db.pool.query<{ id: string; phase: string; stopped: boolean }>('select id, phase, stopped from runs');
  const known = new Set(rows.map((row) => row.id));
  return [
    ...work.filter(({ run }) => !known.has(run)).map(({ run }) => `${run} is lost`),
    ...rows.filter((row) => !isFinal(row.phase) || !row.stopped).map((row) => `${row.id} is ${row.phase}${row.stopped ? '' : ', not stopped'}`),
  ];
}
