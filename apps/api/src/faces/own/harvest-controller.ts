import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { takenWebhookSchema, takeWebhook } from '../../webhooks/take-webhook.ts';
import { answerHarvest, harvestQuery, harvestSchema } from './harvest.ts';
import { answerWebhook, webhookQuery, webhookSchema } from './webhook.ts';

/** What is watched, and the webhooks of it. */
@Controller('api/v1')
export class HarvestController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'harvest', {
    action: 'harvest.read',
    summary: 'Watched branches and files, and what came of the last change of each file',
    query: harvestQuery,
    answers: { 200: { description: 'All branches, the files changed last', schema: harvestSchema } },
  })
  harvest(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerHarvest(this.context, request, reply);
  }

  @Route('GET', 'harvest/webhook', {
    action: 'harvest.hook',
    summary: 'Address and secret of the webhook of a watched repository',
    query: webhookQuery,
    answers: { 200: { description: 'What to enter at the Git host', schema: webhookSchema } },
  })
  webhook(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWebhook(this.context, request, reply);
  }

  @Route('POST', 'webhooks/git/:hook', {
    action: 'harvest.push',
    summary: 'Where Git hosts tell of a push, signed (X-Hub-Signature-256)',
    body: jsonBody(z.looseObject({})),
    answers: {
      202: { description: 'The repository is looked at now', schema: takenWebhookSchema },
      409: { description: 'It was taken before' },
    },
  })
  takeWebhook(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return takeWebhook(this.context, request, reply);
  }
}
