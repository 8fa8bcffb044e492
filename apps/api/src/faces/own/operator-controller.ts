import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { Route } from '../../http/route.ts';
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
    body: { types: ['application/json'], schema: quotaRequest },
    answers: { 200: { description: 'The quota', schema: quotaSchema } },
  })
  changeQuota(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeQuota(this.context, request, reply);
  }
}
