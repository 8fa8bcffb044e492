import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { Trigger } from '../../triggers/trigger-definition.ts';
import {
  answerTrigger,
  answerTriggers,
  createTrigger,
  dropTrigger,
  putTrigger,
  triggerDetailSchema,
  triggerListSchema,
  triggerRequest,
  triggerSchema,
} from './triggers.ts';

/** What starts runs by itself: events, times, other runs. */
@Controller('api/v1/workspaces/:workspace/triggers')
export class TriggerController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'trigger.read',
    summary: 'Triggers of the workspace',
    answers: { 200: { description: 'All of them', schema: triggerListSchema } },
  })
  triggers(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerTriggers(this.context, request, reply);
  }

  @Route('POST', '', {
    action: 'trigger.write',
    summary: 'Make a trigger; its filter, times and inputs are checked',
    body: jsonBody(triggerRequest),
    answers: { 201: { description: 'The trigger', schema: triggerSchema }, 409: { description: 'There is one of this name' } },
  })
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return createTrigger(this.context, request, reply);
  }

  @Route('GET', ':trigger', {
    action: 'trigger.read',
    summary: 'A trigger and what it did lately',
    answers: { 200: { description: 'The trigger', schema: triggerDetailSchema } },
  })
  trigger(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerTrigger(this.context, request, reply);
  }

  @Route('PUT', ':trigger', {
    action: 'trigger.write',
    summary: 'Put another definition in its place',
    body: jsonBody(Trigger),
    answers: { 200: { description: 'The trigger', schema: triggerSchema } },
  })
  replace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return putTrigger(this.context, request, reply);
  }

  @Route('DELETE', ':trigger', {
    action: 'trigger.write',
    summary: 'Remove a trigger; runs it started go on',
    answers: { 204: { description: 'Removed' } },
  })
  drop(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dropTrigger(this.context, request, reply);
  }
}
