import { createHash } from 'node:crypto';
import type { Diagnostic, JsonObject } from '@runnel/cwl';
import { inTransaction, query } from '@runnel/postgres';
import type { Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { keepNamedFiles } from './document-files.ts';
import { findProcess } from './find-process.ts';
import type { StoredDescription } from './find-process.ts';
import { tellChanged } from './known-processes.ts';
import type { DocumentRequest, LoadOutcome } from './load-document.ts';
import { packageKey } from './packages.ts';

export interface Deployment {
  readonly workspace: string;
  /** `new`: there must be none of that id; `replace`: there must be one; `any`: what a repository says is what is to be. */
  readonly mode: 'new' | 'replace' | 'any';
  /** The id that the document must have, where one is expected. */
  readonly id?: string | undefined;
  readonly document: DocumentRequest;
  /** What was sent, to be given back by `package`; default: the document itself as CWL. */
  readonly source?: { readonly text: string; readonly mediaType: string } | undefined;
  /** Fields that the sender describes otherwise than the document. */
  readonly described?: JsonObject | undefined;
  readonly by: string;
  /** Joins the transaction that makes the process current. */
  readonly also?: (tx: Transaction, id: string) => Promise<void>;
}

export type DeployOutcome =
  | { readonly kind: 'deployed'; readonly id: string; readonly revision: number; readonly description: StoredDescription }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'no-such-entry'; readonly entries: readonly string[] }
  | { readonly kind: 'exists'; readonly id: string }
  /** It comes with the release. */
  | { readonly kind: 'immutable'; readonly id: string }
  | { readonly kind: 'missing'; readonly id: string }
  | { readonly kind: 'other-id'; readonly id: string }
  | { readonly kind: 'bad-id'; readonly id: string };

type Services = Pick<ApiContext, 'database' | 'objects' | 'loader' | 'metrics' | 'processes' | 'builtIns' | 'config'>;
type Loaded = LoadOutcome & { kind: 'loaded' };

/** Ids stand in URLs, object keys and file names. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Null characters and halves of characters, as JSON writes them: no database takes them. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;
const unstorableText: Diagnostic = {
  severity: 'error',
  message: 'a text that describes the process holds a null character, or half a character',
  path: '',
};

/** Loads, checks, packs and stores a document, then makes it the current revision of its process. Nothing is stored of one that is refused. */
export async function deployProcess(services: Services, deployment: Deployment): Promise<DeployOutcome> {
  const loaded = await services.loader.load(deployment.document);
  const outcome = loaded.kind === 'loaded' ? await deployLoaded(services, deployment, loaded) : loaded;
  services.metrics.deployments.inc({ outcome: outcome.kind });
  return outcome;
}

async function deployLoaded(services: Services, deployment: Deployment, loaded: Loaded): Promise<DeployOutcome> {
  const description = describe(loaded, deployment.described);
  const { id } = description;
  if (unstorable.test(JSON.stringify(description))) return { kind: 'refused', diagnostics: [unstorableText] };
  if (!idPattern.test(id)) return { kind: 'bad-id', id };
  if (deployment.id !== undefined && deployment.id !== id) return { kind: 'other-id', id };
  if (services.builtIns.has(id)) return { kind: 'immutable', id };
  const present = await findProcess(services.database, deployment.workspace, id);
  if (present && deployment.mode === 'new') return { kind: 'exists', id };
  if (!present && deployment.mode === 'replace') return { kind: 'missing', id };
  const source = deployment.source ?? { text: loaded.source, mediaType: 'application/cwl' };
  const kept = loaded.files.length === 0 ? loaded : { ...loaded, ...(await keepNamedFiles(services, deployment.workspace, loaded)) };
  const stored = { ...(await store(services, deployment.workspace, id, kept, source.text)), mediaType: source.mediaType };
  crashPoint('api.deploy.before-insert');
  const revision = await inTransaction(services.database, async (tx) => {
    const inserted = await insertRevision(tx, deployment, kept, description, stored);
    if (inserted === undefined) return undefined;
    await deployment.also?.(tx, id);
    await tellChanged(tx, deployment.workspace);
    return inserted;
  });
  services.processes.forget(deployment.workspace);
  crashPoint('api.deploy.after-insert');
  // Somebody else deployed or undeployed it meanwhile.
  if (revision === undefined) return { kind: deployment.mode === 'replace' ? 'missing' : 'exists', id };
  return { kind: 'deployed', id, revision, description };
}

function describe(loaded: Loaded, described: JsonObject = {}): StoredDescription {
  const texts = ['id', 'title', 'description', 'version'].filter((name) => typeof described[name] === 'string');
  return {
    ...(loaded.description as unknown as StoredDescription),
    ...Object.fromEntries(texts.map((name) => [name, described[name] ?? null])),
    mutable: true,
    jobControlOptions: ['async-execute', 'dismiss'],
    outputTransmission: ['value', 'reference'],
  };
}

/** Both objects are named by their content: doing it twice is doing it once, and what a refused insert leaves harms nobody. */
async function store({ objects }: Services, workspace: string, id: string, loaded: Loaded, source: string): Promise<{ sourceKey: string }> {
  const sha256 = createHash('sha256').update(source).digest('hex');
  const sourceKey = `${workspace}/sources/${id}/${sha256}`;
  crashPoint('api.deploy.before-put');
  await objects.put(packageKey(workspace, loaded.digest), loaded.text, { contentType: 'application/json', derived: true });
  crashPoint('api.deploy.between-puts');
  await objects.put(sourceKey, source);
  crashPoint('api.deploy.after-put');
  return { sourceKey };
}

/** The next revision, if the process is still there (or not) as the mode wants it; two at the same time get one revision each or one of them none. */
async function insertRevision(
  tx: Transaction,
  deployment: Deployment,
  loaded: Loaded,
  description: StoredDescription,
  stored: { sourceKey: string; mediaType: string },
): Promise<number | undefined> {
  await query(tx, {
    name: 'lock-process',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [`${deployment.workspace}/${description.id}`],
  });
  const { rows } = await query<{ revision: number }>(tx, {
    name: 'deploy-process',
    text: `
insert into processes (workspace, id, revision, digest, entry, description, source_key, media_type, deployed_by, deployed_at)
select $1, $2, coalesce(latest.revision, 0) + 1, $3, $4, $5, $6, $7, $8, now()
from (select) one left join lateral (
  select revision, deleted_at from processes where workspace = $1 and id = $2 order by revision desc limit 1
) latest on true
where case $9 when 'new' then latest.revision is null or latest.deleted_at is not null
              when 'replace' then latest.revision is not null and latest.deleted_at is null
              else true end
returning revision`,
    values: [
      deployment.workspace,
      description.id,
      loaded.digest,
      loaded.entry,
      JSON.stringify(description),
      stored.sourceKey,
      stored.mediaType,
      deployment.by,
      deployment.mode,
    ],
  });
  return rows[0]?.revision;
}

/** Leaves a tombstone: runs go on, their package stays. */
export async function undeployProcess(
  { database, processes, builtIns }: Pick<ApiContext, 'database' | 'processes' | 'builtIns'>,
  workspace: string,
  id: string,
): Promise<'undeployed' | 'missing' | 'immutable'> {
  if (builtIns.has(id)) return 'immutable';
  const undeployed = await inTransaction(database, async (tx) => {
    const { count } = await query(tx, {
      name: 'undeploy-process',
      text: `
update processes set deleted_at = now()
where workspace = $1 and id = $2 and deleted_at is null
  and revision = (select max(revision) from processes where workspace = $1 and id = $2)`,
      values: [workspace, id],
    });
    if (count > 0) await tellChanged(tx, workspace);
    return count > 0;
  });
  processes.forget(workspace);
  return undeployed ? 'undeployed' : 'missing';
}
