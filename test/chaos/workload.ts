import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { makeTriggers } from './driven.ts';

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
  kind: Kind;
  expected: Expected;
}

const documents = ['wide', 'files', 'failing', 'catalogue', 'large', 'refused', 'uploaded'] as const;
type Kind = (typeof documents)[number] | 'dismissed';

/**
 * A rotating mix: wide scatters, files through a chain, STAC, a tool that fails, a run that is dismissed, values too large for messages, outputs
 * that are refused, a file of the user.
 */
export const kinds: readonly Kind[] = ['wide', 'files', 'catalogue', 'wide', 'failing', 'dismissed', 'large', 'refused', 'uploaded'];

const cwl = { 'content-type': 'application/cwl+yaml' };
export const documentOf = (name: string): string => readFileSync(join(import.meta.dirname, 'documents', `${name}.cwl`), 'utf8');

export async function deployAll(cluster: Cluster): Promise<void> {
  for (const name of documents) {
    await expectStatus(cluster, [201, 409], '/demo/ogc-api/processes', { method: 'POST', body: documentOf(name), headers: cwl });
  }
  await makeTriggers(cluster);
}

/** Deploys a process anew: another version of it. */
export async function replaceProcess(cluster: Cluster): Promise<void> {
  await expectStatus(cluster, [204], '/demo/ogc-api/processes/wide', { method: 'PUT', body: documentOf('wide'), headers: cwl });
}

/** Starts run number `n` of the mix, with content of its own. */
export async function startWork(cluster: Cluster, n: number, width = 12): Promise<Work> {
  const kind = kinds[n % kinds.length] ?? 'wide';
  const word = randomUUID();
  const process = kind === 'dismissed' ? 'wide' : kind;
  if (kind === 'uploaded') await uploadFile(cluster, `chaos/${word}.txt`, `${word}\n`);
  // Catalogues are read by clients of the EODH face, which send what no process asks for.
  const asCatalogue = kind === 'catalogue' || kind === 'refused';
  const base = asCatalogue ? '/api/catalogue/stac/catalogs/user/catalogs/demo' : '/demo/ogc-api';
  const body = JSON.stringify({ inputs: { ...inputsOf(kind, word, width), ...(asCatalogue ? { surplus: word } : {}) } });
  const answer = await expectStatus(cluster, [201], `${base}/processes/${process}/execution`, {
    method: 'POST',
    body,
    headers: { prefer: 'respond-async' },
  });
  const { jobID: run } = (await answer.json()) as { jobID: string };
  const ended = kind === 'dismissed' && (await dismiss(cluster, run)) !== 'dismissed';
  // Where services were away so long that it ended before it could be dismissed, it has to have ended well.
  return { run, kind, expected: expectedOf(ended ? 'wide' : kind, word, width) };
}

export async function uploadFile(cluster: Cluster, path: string, content: string): Promise<void> {
  const headers = { 'content-type': 'text/plain' };
  await expectStatus(cluster, [201, 204], `/workspaces/demo/files/${path}`, { method: 'PUT', body: content, headers });
}

export async function deleteFile(cluster: Cluster, path: string): Promise<void> {
  await expectStatus(cluster, [204, 404], `/workspaces/demo/files/${path}`, { method: 'DELETE' });
}

/** Returns the run's status then. */
export async function dismiss(cluster: Cluster, run: string): Promise<string> {
  const answer = await expectStatus(cluster, [200], `/demo/ogc-api/jobs/${run}`, { method: 'DELETE' });
  return ((await answer.json()) as { status: string }).status;
}

async function expectStatus(cluster: Cluster, expected: readonly number[], path: string, init: RequestInit): Promise<Response> {
  const answer = await cluster.request(path, init);
  if (!expected.includes(answer.status)) throw new Error(`${init.method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** More than an event may hold. */
const largeText = (word: string): string => word.repeat(9000).slice(0, 300_000);

function inputsOf(kind: Kind, word: string, width: number): Record<string, unknown> {
  switch (kind) {
    case 'wide':
    case 'dismissed':
      return { n: Array.from({ length: width }, (_, i) => i) };
    case 'files':
    case 'catalogue':
      return { text: word };
    case 'large':
      return { text: largeText(word) };
    case 'uploaded':
      return { file: { href: `/workspaces/demo/files/chaos/${word}.txt` } };
    case 'failing':
    case 'refused':
      return {};
  }
}

function expectedOf(kind: Kind, word: string, width: number): Expected {
  switch (kind) {
    case 'wide':
      return { status: 'successful', results: { all: Array.from({ length: width }, (_, i) => `element-${i}-done`) } };
    case 'files':
      return { status: 'successful', contents: { out: `${word}\n${word}\n`, note: 'a note\n' } };
    case 'uploaded':
      return { status: 'successful', contents: { out: `${word}\n` } };
    case 'catalogue':
      return { status: 'successful', items: 1 };
    case 'large':
      return { status: 'successful', results: { out: largeText(word).repeat(2) } };
    case 'failing':
    case 'refused':
      return { status: 'failed' };
    case 'dismissed':
      return { status: 'dismissed' };
  }
}

const isFinal = (status: string): boolean => status === 'successful' || status === 'failed' || status === 'dismissed';

/** Waits until every run is final and confirmed stopped; names those that are not when none more was for `patience` milliseconds. */
export async function untilDone(cluster: Cluster, work: readonly Work[], patience: number): Promise<string[]> {
  let fewest = Infinity;
  for (let end = Date.now() + patience; ;) {
    const open = await openRuns(cluster, work).catch(() => undefined);
    if (open?.length === 0) return [];
    if (open && open.length < fewest) {
      fewest = open.length;
      end = Date.now() + patience;
    }
    if (Date.now() > end) return open ?? ['the database does not answer'];
    await sleep(200);
  }
}

/** Waits until at most so many runs are under way: a slow machine would else fall behind by hundreds of them, and show nothing but that. */
export async function untilFew(cluster: Cluster, most: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const open = await openRuns(cluster, []).catch(() => undefined);
    if (open && open.length <= most) return;
    await sleep(500);
  }
}

/** Also runs that nobody knows of: an answer was lost on its way and the client asked again. */
async function openRuns(cluster: Cluster, work: readonly Work[]): Promise<string[]> {
  const { rows } = await cluster.db.pool.query<{ id: string; phase: string; stopped: boolean }>('select id, phase, stopped from runs');
  const known = new Set(rows.map((row) => row.id));
  return [
    ...work.filter(({ run }) => !known.has(run)).map(({ run }) => `${run} is lost`),
    ...rows
      .filter((row) => !isFinal(row.phase) || !row.stopped)
      .map((row) => `${row.id} is ${row.phase}${row.stopped ? '' : ', not stopped'}`),
  ];
}
