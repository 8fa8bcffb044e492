import { postJson, request, requestJson, type Target } from '../client/http.ts';
import type { Package, Source, SourceJob } from './read-source.ts';
import { readJobs, readPackage, readPolicy, readProcesses } from './read-source.ts';

/** What became, or would become, of one thing. */
export interface Brought {
  readonly what: 'process' | 'policy' | 'jobs';
  readonly name: string;
  readonly outcome: 'new' | 'changed' | 'unchanged' | 'left';
  readonly reason?: string;
}

export interface ImportRequest {
  readonly source: Source;
  readonly target: Target;
  /** Where the source keeps the access policy of the workspace. */
  readonly policyAddress: string | undefined;
  /** Changes nothing. */
  readonly dryRun: boolean;
}

/** Brings processes, access policy and history of jobs, each only where it differs: done again it changes nothing. */
export async function* bring(wanted: ImportRequest): AsyncGenerator<Brought> {
  for (const id of await readProcesses(wanted.source)) yield await bringProcess(wanted, id);
  if (wanted.policyAddress !== undefined) yield await bringPolicy(wanted, wanted.policyAddress);
  yield* bringJobs(wanted);
}

async function bringProcess({ source, target, dryRun }: ImportRequest, id: string): Promise<Brought> {
  const left = (reason: string): Brought => ({ what: 'process', name: id, outcome: 'left', reason });
  const found = await readPackage(source, id);
  if ('missing' in found) return left(found.missing);
  const path = `/${target.workspace}/ogc-api/processes`;
  const present = await request(target, `${path}/${encodeURIComponent(id)}/package`, { tolerate: [404] });
  const text = present.ok ? await present.text() : undefined;
  if (text === found.text) return { what: 'process', name: id, outcome: 'unchanged' };
  const outcome = text === undefined ? 'new' : 'changed';
  if (dryRun) return { what: 'process', name: id, outcome };
  const reason = await deploy(target, path, { id, found, exists: text !== undefined });
  return reason === undefined ? { what: 'process', name: id, outcome } : left(reason);
}

/** Why the target does not take it; undefined where it did. */
async function deploy(
  target: Target,
  path: string,
  { id, found, exists }: { id: string; found: Exclude<Package, { missing: string }>; exists: boolean },
): Promise<string | undefined> {
  // Which of its workflows was deployed, the document does not say; the id does.
  const entry = !found.mediaType.includes('cwl') || !found.text.includes('$graph') ? '' : `?w=${encodeURIComponent(id)}`;
  const address = exists ? `${path}/${encodeURIComponent(id)}${entry}` : `${path}${entry}`;
  const answer = await request(target, address, {
    method: exists ? 'PUT' : 'POST',
    body: found.text,
    headers: { 'content-type': found.mediaType },
    tolerate: [400, 403, 409, 413],
  });
  if (!answer.ok) return `refused: ${((await answer.json()) as { detail?: string }).detail ?? answer.status}`;
  const deployed = answer.headers.get('location')?.split('/').at(-1);
  return deployed === undefined || deployed === encodeURIComponent(id) ? undefined : `it is now called ${deployed}, as its document says`;
}

async function bringPolicy({ source, target, dryRun }: ImportRequest, address: string): Promise<Brought> {
  const name = 'access-policy.json';
  const text = await readPolicy(source, address);
  if (text === undefined) return { what: 'policy', name, outcome: 'left', reason: 'the server gives none' };
  const path = `/workspaces/${target.workspace}/files/eodh-config/${name}`;
  const present = await request(target, path, { tolerate: [404] });
  const known = present.ok ? await present.text() : undefined;
  if (known === text) return { what: 'policy', name, outcome: 'unchanged' };
  const outcome = known === undefined ? 'new' : 'changed';
  if (dryRun) return { what: 'policy', name, outcome };
  // This way a policy with a fault is refused, and what it offers counts at once.
  const body = { fileName: name, fileContent: text };
  const answer = await request(target, `/api/workspaces/${target.workspace}/data-loader`, { ...postJson(body), tolerate: [400] });
  if (answer.ok) return { what: 'policy', name, outcome };
  return { what: 'policy', name, outcome: 'left', reason: `refused: ${((await answer.json()) as { detail?: string }).detail ?? ''}` };
}

/** Jobs sent in one request. */
const batch = 200;

async function* bringJobs({ source, target, dryRun }: ImportRequest): AsyncGenerator<Brought> {
  const { ended, open } = await readJobs(source);
  const known = await knownJobs(source, target);
  const differs = (job: SourceJob): boolean => known.get(job.jobID) !== canonical(job);
  const fresh = ended.filter(differs);
  if (!dryRun)
    for (let from = 0; from < fresh.length; from += batch)
      await request(target, '/api/v1/history', postJson({ origin: source.base, jobs: fresh.slice(from, from + batch) }));
  const changed = fresh.filter(({ jobID }) => known.has(jobID)).length;
  const counts = { new: fresh.length - changed, changed, unchanged: ended.length - fresh.length } as const;
  for (const outcome of ['new', 'changed', 'unchanged'] as const)
    if (counts[outcome] > 0) yield { what: 'jobs', name: `${counts[outcome]} jobs`, outcome };
  if (open > 0) yield { what: 'jobs', name: `${open} jobs`, outcome: 'left', reason: 'they have not ended there' };
}

async function knownJobs({ base }: Source, target: Target): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (let next: string | undefined = '/api/v1/history?limit=1000'; next !== undefined;) {
    const page: { jobs: { origin: string; job: SourceJob }[]; next?: string } = await requestJson(target, next);
    for (const { origin, job } of page.jobs) if (origin === base) known.set(job.jobID, canonical(job));
    ({ next } = page);
  }
  return known;
}

/** One text for equal values, in whichever order their fields stand. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
