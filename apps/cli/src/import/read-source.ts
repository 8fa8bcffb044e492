import { CliError } from '../client/cli-error.ts';

/** The server from which things are brought: the address of a face that has `/processes` and `/jobs`. */
export interface Source {
  /** Without a slash at its end. */
  readonly base: string;
  readonly token: string | undefined;
}

/** A job as the source tells of it. */
export type SourceJob = Record<string, unknown> & { jobID: string; processID: string; status: string; created: string };

export type Package = { readonly text: string; readonly mediaType: string } | { readonly missing: string };

/** Milliseconds for one answer: lists of old servers take their time. */
const patience = 120_000;
/** Pages of a list; one that leads in a circle ends there. */
const mostPages = 10_000;

/** Ids of the processes that were deployed there; what comes with every server (`mutable: false`) is left. */
export async function readProcesses(source: Source): Promise<string[]> {
  const found: string[] = [];
  for await (const page of pages(source, `${source.base}/processes?limit=100`)) {
    const { processes } = page as { processes?: { id?: unknown; mutable?: unknown }[] };
    if (!Array.isArray(processes)) throw new CliError(`${source.base}/processes is no list of processes`, 'Give the address of the face.');
    for (const { id, mutable } of processes) if (typeof id === 'string' && mutable !== false) found.push(id);
  }
  return [...new Set(found)];
}

/** The document of a process as it was deployed (OGC API - Processes, Part 2), or why the server gives none. */
export async function readPackage(source: Source, id: string): Promise<Package> {
  const answer = await ask(
    source,
    `${source.base}/processes/${encodeURIComponent(id)}/package`,
    'application/cwl+yaml, application/cwl, */*;q=0.5',
  );
  if (!answer.ok) return { missing: `the server gives no package of it (${answer.status})` };
  const type = (answer.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const mediaType = /^application\/(cwl(\+yaml|\+json)?|ogcapppkg\+json|json)$/.test(type) ? type : 'application/cwl+yaml';
  return { text: await answer.text(), mediaType };
}

/** Jobs that have ended, as they are told of; what still runs there is left. */
export async function readJobs(source: Source): Promise<{ ended: SourceJob[]; open: number }> {
  const ended = new Map<string, SourceJob>();
  let open = 0;
  for await (const page of pages(source, `${source.base}/jobs?limit=100`)) {
    const { jobs } = page as { jobs?: Record<string, unknown>[] };
    if (!Array.isArray(jobs)) throw new CliError(`${source.base}/jobs is no list of jobs`);
    for (const job of jobs) {
      const { jobID, processID = '', status, created } = job;
      if (typeof jobID !== 'string' || typeof status !== 'string' || typeof created !== 'string' || !/\d(Z|[+-]\d\d:\d\d)$/.test(created))
        continue;
      if (['successful', 'failed', 'dismissed'].includes(status))
        ended.set(jobID, { ...job, jobID, processID: String(processID), status, created });
      else open += 1;
    }
  }
  return { ended: [...ended.values()], open };
}

/** The access policy of the workspace there; undefined where there is none to be had. */
export async function readPolicy(source: Source, address: string): Promise<string | undefined> {
  const answer = await ask(source, address, 'application/json');
  return answer.ok ? answer.text() : undefined;
}

/** `…/user/catalogs/{workspace}`, `…/{workspace}/ogc-api`: the workspace that an address is about. */
export function workspaceIn(base: string): string | undefined {
  const { pathname } = new URL(base);
  return /\/catalogs\/([^/]+)$/.exec(pathname)?.[1] ?? /\/([^/]+)\/ogc-api$/.exec(pathname)?.[1];
}

async function* pages(source: Source, first: string): AsyncGenerator {
  const seen = new Set<string>();
  for (let address: string | undefined = first; address !== undefined && !seen.has(address) && seen.size < mostPages;) {
    seen.add(address);
    const answer = await ask(source, address, 'application/json');
    if (!answer.ok)
      throw new CliError(
        `${address}: ${answer.status} ${(await answer.text()).slice(0, 300)}`,
        'Is the token one of that workspace, with the right to read?',
      );
    const page = (await answer.json()) as { links?: { rel?: string; href?: string }[] };
    yield page;
    const next: string | undefined = page.links?.find(({ rel }) => rel === 'next')?.href;
    address = next === undefined ? undefined : new URL(next, address).href;
  }
}

/** One request; the token goes to the source's own origin alone, whatever its links say. */
async function ask({ base, token }: Source, address: string, accept: string): Promise<Response> {
  const own = new URL(address).origin === new URL(base).origin;
  if (!own) throw new CliError(`${base} leads to ${address}, which is another server: it is not asked`);
  const headers = { accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  try {
    return await fetch(address, { headers, redirect: 'error', signal: AbortSignal.timeout(patience) });
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new CliError(
      `no answer from ${address}: ${reason}`,
      'Is --from the address of a face, as https://hub/api/catalogue/stac/catalogs/user/catalogs/WORKSPACE?',
    );
  }
}
