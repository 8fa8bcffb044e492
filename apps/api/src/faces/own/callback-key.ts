import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callbackKey } from '../../callbacks/sign.ts';
import type { ApiContext } from '../../context.ts';
import { callerOf } from '../../http/access-hook.ts';

export const callbackKeySchema = z.object({
  key: z.string().describe('X-Runnel-Signature is t=SECONDS,v1=HMAC-SHA256 of "SECONDS.BODY" with this text as key, in hex'),
});

/** GET /api/v1/callback-key: with it receivers of callbacks tell ours from others. */
export async function answerCallbackKey({ config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (config.callbackSecret === undefined) {
    throw new Problem({ status: 404, title: 'Not found', detail: 'this service sends no callbacks (RUNNEL_CALLBACK_SECRET)' });
  }
  await reply.send({ key: callbackKey(config.callbackSecret, callerOf(request).workspace) });
}
