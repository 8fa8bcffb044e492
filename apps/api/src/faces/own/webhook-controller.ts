import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { answerWebhooks, dropWebhook, putWebhook, webhookListSchema, webhookRequest, webhookSchema } from './webhooks.ts';

/** Who is told, by signed CloudEvents, when runs of the workspace end. */
@Controller('api/v1/workspaces/:workspace/webhooks')
export class WebhookController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'trigger.read',
    summary: 'Webhooks of the workspace, and what they did not take',
    answers: { 200: { description: 'All of them', schema: webhookListSchema } },
  })
  webhooks(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWebhooks(this.context, request, reply);
  }

  @Route('PUT', ':webhook', {
    action: 'trigger.write',
    summary: 'Tell an address when runs end: a CloudEvent, signed with the key of GET /api/v1/callback-key',
    body: jsonBody(webhookRequest),
    answers: { 200: { description: 'The webhook', schema: webhookSchema } },
  })
  put(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return putWebhook(this.context, request, reply);
  }

  @Route('DELETE', ':webhook', {
    action: 'trigger.write',
    summary: 'Tell it nothing any more',
    answers: { 204: { description: 'Removed' } },
  })
  drop(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dropWebhook(this.context, request, reply);
  }
}
