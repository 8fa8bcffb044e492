import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';
import { readJson } from '../../http/body.ts';
import { dropSecret, listSecrets, putSecret } from '../../secrets/secret-rows.ts';
import { stageIn } from '../../runs/stored-log.ts';
import { bucketSecret } from '../../stage-in/buckets.ts';
import { notFound } from './problems.ts';

/** What tools and their loaders take from the environment for themselves: a secret must not be a way to change how a tool runs. */
const reserved = /^(PATH|HOME|TMPDIR|IFS|SHELL|LD_.*|DYLD_.*|PYTHON.*|NODE_OPTIONS|BASH_ENV|ENV|PERL.*|RUBY.*|JAVA_TOOL_OPTIONS)$/;
const secretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of an environment variable')
  .refine((name) => !reserved.test(name), 'this variable says how programs run');
const step = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}(\/[^/[\]]+)*$/, '"process" or "process/step"');

export const secretRequest = z.strictObject({
  value: z.string().min(4).max(65_536).describe('never shown again; a shorter one could not be masked in logs'),
  steps: z
    .array(step)
    .min(1)
    .max(100)
    .describe(
      'who is given it: processes of the workspace, steps of them ("process/step"), or "node_stage_in": credentials of a bucket (docs/stage-in.md)',
    ),
});
export const secretListSchema = z.object({
  secrets: z.array(z.object({ name: z.string(), steps: z.array(z.string()), updatedBy: z.string(), updated: z.iso.datetime() })),
});

export async function answerSecrets({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const secrets = await listSecrets(database, callerOf(request).workspace);
  await reply.send({ secrets: secrets.map(({ updatedAt, ...secret }) => ({ ...secret, updated: updatedAt.toISOString() })) });
}

/** 201 where there was none of that name, else 204. Of runs accepted from now on; a new value also of attempts that begin from now on. */
export async function changeSecret(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { database, seal, workspaces } = context;
  const name = secretName.parse(nameIn(request));
  const { value, steps } = secretRequest.parse(await readJson(request, 500_000));
  if (steps.includes(stageIn)) requireBucket(value);
  if (!seal)
    throw new Problem({
      status: 503,
      title: 'Service unavailable',
      detail: 'this service has no key to keep secrets with (RUNNEL_SECRETS_KEYS)',
    });
  const { workspace, name: by } = callerOf(request);
  const created = await putSecret(database, seal, { workspace, name, value, steps, by });
  await workspaces.refresh();
  await reply.status(created ? 201 : 204).send();
}

/** Whoever sets it learns at once that it is of no use; the value is not repeated. */
function requireBucket(value: string): void {
  const expected = `for ${stageIn} the value is JSON: {"bucket", "accessKeyId", "secretAccessKey", "sessionToken"?, "endpoint"?, "region"?, "pathStyle"?}`;
  let read: unknown;
  try {
    read = JSON.parse(value);
  } catch {
    throw new Problem({ status: 400, title: 'Bad request', detail: expected });
  }
  const checked = bucketSecret.safeParse(read);
  const [issue] = checked.error?.issues ?? [];
  if (issue) throw new Problem({ status: 400, title: 'Bad request', detail: `${expected}; ${issue.path.join('.')}: ${issue.message}` });
}

export async function removeSecret({ database, workspaces }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const name = nameIn(request);
  if (!(await dropSecret(database, callerOf(request).workspace, name))) throw notFound(`secret "${name}"`);
  await workspaces.refresh();
  await reply.status(204).send();
}

const nameIn = (request: FastifyRequest): string => (request.params as { secret: string }).secret;
