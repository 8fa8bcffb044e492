import type { Database } from '@runnel/postgres';
import { stageIn } from '../runs/stored-log.ts';
import { notifyChanged } from '../workspaces/workspace-changes.ts';
import type { SecretSeal } from './seal.ts';

/** A secret as it may be shown: without its value. */
export interface SecretInfo {
  readonly name: string;
  /** `process` or `process/step`: whom it is given. */
  readonly steps: readonly string[];
  readonly updatedBy: string;
  readonly updatedAt: Date;
}

type Services = Pick<Database, 'pool'>;

export async function listSecrets({ pool }: Services, workspace: string): Promise<SecretInfo[]> {
  const { rows } = await pool.query<SecretInfo>({
    name: 'list-secrets',
    text: 'select name, steps, updated_by as "updatedBy", updated_at as "updatedAt" from secrets where workspace = $1 order by name',
    values: [workspace],
  });
  return rows;
}

export interface NewSecret {
  readonly workspace: string;
  readonly name: string;
  readonly value: string;
  readonly steps: readonly string[];
  readonly by: string;
}

/** True where there was none of that name. Attempts that begin from now on get it. */
export async function putSecret({ pool }: Services, seal: SecretSeal, { workspace, name, value, steps, by }: NewSecret): Promise<boolean> {
  const { rows } = await pool.query<{ created: boolean }>({
    name: 'put-secret',
    text: `
insert into secrets (workspace, name, sealed, steps, updated_by) values ($1, $2, $3, $4, $5)
on conflict (workspace, name) do update set sealed = excluded.sealed, steps = excluded.steps, updated_by = excluded.updated_by, updated_at = now()
returning xmax = 0 as created, ${notifyChanged}`,
    values: [workspace, name, seal.seal(`${workspace}/${name}`, value), steps, by],
  });
  return rows[0]?.created === true;
}

export async function dropSecret({ pool }: Services, workspace: string, name: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'drop-secret',
    text: `delete from secrets where workspace = $1 and name = $2 returning ${notifyChanged}`,
    values: [workspace, name],
  });
  return rowCount === 1;
}

/** Values, sealed, of the secrets that are given to `step`. */
export async function sealedSecretsFor({ pool }: Services, workspace: string, step: string): Promise<{ name: string; sealed: Buffer }[]> {
  const { rows } = await pool.query<{ name: string; sealed: Buffer }>({
    name: 'sealed-secrets-for',
    text: 'select name, sealed from secrets where workspace = $1 and $2 = any(steps) order by name',
    values: [workspace, step],
  });
  return rows;
}

/** Steps of a process among those that secrets of its workspace are given to; '' stands for all of them. */
export function stepsIn(process: string, steps: readonly string[]): string[] {
  return steps.flatMap((step) => placeIn(process, step) ?? []);
}

/** The step that `process/step` names, of that process; '' where it names the process alone. */
export function placeIn(process: string, step: string): string | undefined {
  // Staging in is no process, whatever one is called.
  if (step === stageIn) return undefined;
  if (step === process) return '';
  return step.startsWith(`${process}/`) ? step.slice(process.length + 1) : undefined;
}
