import { query } from '@runnel/postgres';
import { Problem } from '@runnel/service';
import type { FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { deployProcess } from '../processes/deploy-process.ts';
import type { Deployment, DeployOutcome } from '../processes/deploy-process.ts';
import { findDescription } from '../processes/find-process.ts';
import type { StoredDescription } from '../processes/find-process.ts';
import { findIdempotent, idempotentRequest, KeyTaken, recordIdempotent } from './idempotency-key.ts';
import type { IdempotentRequest } from './idempotency-key.ts';

type Deployed = Pick<DeployOutcome & { kind: 'deployed' }, 'kind' | 'id' | 'description'>;

/** Deploys a new process, or finds the one that the same request deployed before. */
export async function deployOnce(
  context: ApiContext,
  request: FastifyRequest,
  deployment: Deployment,
): Promise<Deployed | Exclude<DeployOutcome, { kind: 'deployed' }>> {
  const { workspace, source, document } = deployment;
  const asked = idempotentRequest(request, ['deploy', workspace, source?.text, document.entry]);
  if (!asked) return deployProcess(context, deployment);
  const before = await deployedBefore(context, asked, workspace);
  if (before) return before;
  try {
    const outcome = await deployProcess(context, {
      ...deployment,
      also: async (tx, id) => {
        const { check, ...statement } = recordIdempotent(asked, id);
        check?.((await query(tx, statement)).rows);
      },
    });
    // The same request may have been faster.
    return (outcome.kind === 'exists' ? await deployedBefore(context, asked, workspace) : undefined) ?? outcome;
  } catch (error) {
    const now = error instanceof KeyTaken ? await deployedBefore(context, asked, workspace) : undefined;
    if (!now) throw error;
    return now;
  }
}

/** As it is now: also where it was replaced since. */
async function deployedBefore({ database }: ApiContext, asked: IdempotentRequest, workspace: string): Promise<Deployed | undefined> {
  const id = await findIdempotent(database, asked);
  if (id === undefined) return undefined;
  const text = await findDescription(database, workspace, id);
  if (text === undefined)
    throw new Problem({ status: 410, title: 'Gone', detail: `the request was carried out before: its process ${id} is no more` });
  return { kind: 'deployed', id, description: JSON.parse(text) as StoredDescription };
}
