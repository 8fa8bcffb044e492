import { Controller, Inject, Req, Res } from '@nestjs/common';
import { catalogueChangeSchema } from '@runnel/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { Route } from '../../http/route.ts';
import {
  answerEvents,
  answerRefused,
  eventListSchema,
  eventQuery,
  postEvent,
  refusedListSchema,
  refusedQuery,
  takenEventSchema,
} from './events.ts';

/** Events from outside, which start runs by triggers. */
@Controller('api/v1')
export class EventController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('POST', 'events', {
    action: 'event.send',
    summary: 'Send a CloudEvent (binary or structured mode), or a catalogue change',
    body: { types: ['application/cloudevents+json', 'application/json'], schema: z.looseObject({}) },
    answers: { 202: { description: 'Kept; or known, where it was kept before', schema: takenEventSchema } },
  })
  send(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return postEvent(this.context, request, reply);
  }

  @Route('GET', 'events', {
    action: 'event.read',
    summary: 'Events of the workspace, newest first',
    query: eventQuery,
    answers: { 200: { description: 'A page of them', schema: eventListSchema } },
  })
  events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerEvents(this.context, request, reply);
  }

  @Route('GET', 'events/refused', {
    action: 'event.read',
    summary: 'Events that were refused, newest first, each with the reason',
    query: refusedQuery,
    answers: { 200: { description: 'A page of them', schema: refusedListSchema } },
  })
  refused(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerRefused(this.context, request, reply);
  }

  @Route('GET', 'schemas/catalogue-change', {
    action: 'service.describe',
    summary: 'JSON schema of a catalogue change',
    answers: { 200: { description: 'The schema', type: 'application/schema+json' } },
  })
  async schema(@Res() reply: FastifyReply): Promise<void> {
    await reply.type('application/schema+json').send(Buffer.from(JSON.stringify(catalogueChangeSchema())));
  }
}
