import type { JsonObject } from '@runnel/cwl';
import type { Database } from '@runnel/postgres';

/** A deployed process, as it runs. */
export interface DeployedProcess {
  /** Of the owner. */
  readonly workspace: string;
  readonly id: string;
  readonly revision: number;
  readonly digest: string;
  readonly entry: string;
  readonly sourceKey: string;
  readonly mediaType: string;
}

/** What is stored of a process for faces to show: the description of OGC API - Processes without links. */
export type StoredDescription = JsonObject & { id: string; title: string; version: string };

interface Row {
  revision: number;
  digest: string;
  entry: string;
  source_key: string;
  media_type: string;
  deleted: boolean;
}

/** The current revision; undefined where there is none, or where it was undeployed. */
export async function findProcess({ pool }: Pick<Database, 'pool'>, workspace: string, id: string): Promise<DeployedProcess | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'find-process',
    text: `
select revision, digest, entry, source_key, media_type, deleted_at is not null as deleted
from processes where workspace = $1 and id = $2 order by revision desc limit 1`,
    values: [workspace, id],
  });
  const row = rows[0];
  if (!row || row.deleted) return undefined;
  return {
    workspace,
    id,
    revision: row.revision,
    digest: row.digest,
    entry: row.entry,
    sourceKey: row.source_key,
    mediaType: row.media_type,
  };
}

/** The description of the current revision as JSON text: faces add their links without taking it apart. */
export async function findDescription({ pool }: Pick<Database, 'pool'>, workspace: string, id: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ text: string; deleted: boolean }>({
    name: 'find-description',
    text: `
select description::text as text, deleted_at is not null as deleted
from processes where workspace = $1 and id = $2 order by revision desc limit 1`,
    values: [workspace, id],
  });
  const row = rows[0];
  return row && !row.deleted ? row.text : undefined;
}

export interface ProcessSummary {
  readonly id: string;
  /** Description without inputs and outputs, as JSON text. */
  readonly text: string;
}

/** Current processes of a workspace after an id, in the order of their ids. */
export async function listProcesses(
  { pool }: Pick<Database, 'pool'>,
  workspace: string,
  after: string,
  limit: number,
  only?: readonly string[],
): Promise<ProcessSummary[]> {
  const { rows } = await pool.query<ProcessSummary>({
    name: 'list-processes',
    text: `
select id, (description - '{inputs,outputs}'::text[])::text as text
from (
  select distinct on (id) id, description, deleted_at from processes where workspace = $1 and id > $2 and ($4::text[] is null or id = any($4)) order by id, revision desc
) current
where deleted_at is null order by id limit $3`,
    values: [workspace, after, limit, only ?? null],
  });
  return rows;
}
