import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { cordon, cordonRequest, drainRequest, uncordon } from './executors.ts';
import { answerQueue, queueSchema } from './queue.ts';
import { answerRetention, changeRetention, retentionRequest, retentionSchema } from './retention.ts';
import { answerQuota, changeQuota, quotaRequest, quotaSchema } from './quota.ts';

/** How the machine is shared: what an operator sets for all workspaces. */
@Controller('api/v1')
export class OperatorController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'quota', {
    action: 'usage.read',
    summary: 'What the workspace may have, and what of it is in use',
    answers: { 200: { description: 'The quota', schema: quotaSchema } },
  })
  ownQuota(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerQuota(this.context, request, reply);
  }

  @Route('GET', 'queue', {
    action: 'quota.read',
    summary: 'What waits for admission in all workspaces, why, and what is under way',
    answers: { 200: { description: 'By workspace and reason', schema: queueSchema } },
  })
  queue(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerQueue(this.context, request, reply);
  }

  @Route('GET', 'workspaces/:tenant/quota', {
    action: 'quota.read',
    summary: 'What a workspace may have, and what of it is in use',
    answers: { 200: { description: 'The quota', schema: quotaSchema } },
  })
  quota(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerQuota(this.context, request, reply);
  }

  @Route('PUT', 'workspaces/:tenant/quota', {
    action: 'quota.write',
    summary: 'Change what a workspace may have: what the body names, at once',
    body: jsonBody(quotaRequest),
    answers: { 200: { description: 'The quota', schema: quotaSchema } },
  })
  changeQuota(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeQuota(this.context, request, reply);
  }

  @Route('GET', 'retention', {
    action: 'usage.read',
    summary: 'What the workspace keeps for how long',
    answers: { 200: { description: 'In days', schema: retentionSchema } },
  })
  ownRetention(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerRetention(this.context, request, reply);
  }

  @Route('GET', 'workspaces/:tenant/retention', {
    action: 'quota.read',
    summary: 'What a workspace keeps for how long',
    answers: { 200: { description: 'In days', schema: retentionSchema } },
  })
  retention(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerRetention(this.context, request, reply);
  }

  @Route('PUT', 'workspaces/:tenant/retention', {
    action: 'quota.write',
    summary: 'Change what a workspace keeps: what the body names, from the next garbage collection on',
    body: jsonBody(retentionRequest),
    answers: { 200: { description: 'In days', schema: retentionSchema } },
  })
  changeRetention(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeRetention(this.context, request, reply);
  }

  @Route('PUT', 'executors/:executor/cordon', {
    action: 'executor.write',
    summary: 'Give an executor nothing new; what runs goes on, or is moved after a while',
    body: jsonBody(drainRequest),
    answers: { 204: { description: 'From the next admission on' } },
  })
  cordon(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return cordon(this.context, request, reply);
  }

  @Route('DELETE', 'executors/:executor/cordon', {
    action: 'executor.write',
    summary: 'Give an executor steps again',
    answers: { 204: { description: 'From the next admission on' } },
  })
  uncordon(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return uncordon(this.context, request, reply);
  }

  @Route('PUT', 'maintenance', {
    action: 'executor.write',
    summary: 'Accept runs but start no step',
    body: jsonBody(cordonRequest),
    answers: { 204: { description: 'From the next admission on' } },
  })
  beginMaintenance(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return cordon(this.context, request, reply);
  }

  @Route('DELETE', 'maintenance', {
    action: 'executor.write',
    summary: 'Start steps again',
    answers: { 204: { description: 'From the next admission on' } },
  })
  endMaintenance(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return uncordon(this.context, request, reply);
  }
}
