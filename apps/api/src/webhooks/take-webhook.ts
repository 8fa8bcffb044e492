import { checkedSignature, webhookKey } from '@runnel/access';
import { RepositoryPushed } from '@runnel/contracts';
import { outgoing, publishEphemeral } from '@runnel/messaging';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { readText } from '../http/body.ts';

export const takenWebhookSchema = z.object({ outcome: z.literal('accepted') });

/** Bytes of a delivery: hosts name up to some thousand commits in one. */
const largest = 5 * 1024 * 1024;
/** Days for which a signature is known. What is sent again later only makes the harvester look once more. */
const knownFor = 90;

/**
 * POST /api/v1/webhooks/git/{hook}: a Git host says that something was pushed. Only who signed it counts, and that it was not taken before; what
 * it says is not read: the harvester looks at the repository itself.
 */
export async function takeWebhook(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { config, database, messaging, logger } = context;
  const { hook } = request.params as { hook: string };
  const header = request.headers['x-hub-signature-256'];
  if (typeof header !== 'string' || config.callbackSecret === undefined)
    throw unsigned('the delivery is not signed: give the webhook the secret that `runnel harvest webhook` tells (X-Hub-Signature-256)');
  const body = Buffer.from(await readText(request, largest));
  const signature = checkedSignature(webhookKey(config.callbackSecret, hook), header, body);
  if (signature === undefined) throw unsigned('the signature is not that of this repository and body: compare the secret of the webhook');
  if (!(await isNew(database, signature)))
    throw new Problem({
      status: 409,
      title: 'Conflict',
      detail: 'this delivery was taken before; push something, or wait for the next look',
    });
  // Lost where the harvester is away: it looks at everything when it starts, and from time to time.
  publishEphemeral(messaging, outgoing(RepositoryPushed, { hook }));
  logger.info({ hook }, 'a repository was pushed to');
  await reply.status(202).send({ outcome: 'accepted' });
}

async function isNew({ pool }: ApiContext['database'], signature: Buffer): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'take-webhook',
    text: 'insert into webhook_deliveries (signature) values ($1) on conflict do nothing',
    values: [signature],
  });
  return rowCount === 1;
}

/** Forgets what was taken long ago. */
export async function forgetWebhooks({ pool }: Pick<ApiContext['database'], 'pool'>): Promise<void> {
  await pool.query(`delete from webhook_deliveries where received_at < now() - interval '${knownFor} days'`);
}

function unsigned(detail: string): Problem {
  return new Problem({ status: 401, title: 'Unauthorized', detail, headers: { 'www-authenticate': 'Signature realm="runnel webhooks"' } });
}
