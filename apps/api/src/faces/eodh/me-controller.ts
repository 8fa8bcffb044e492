import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { answerKeys, dropKey, keyRequest, keySchema, makeKey, makeSession, sessionSchema } from './me.ts';

/** Sessions and keys of the caller, as the hub's workspace service has them (contract of the EODH face, section 7). */
@Controller('api/workspaces/:workspace/me')
export class MeController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('POST', 'sessions', {
    action: 'session.create',
    summary: 'A short-lived token, and one that gets the next',
    answers: { 201: { description: 'The session', schema: sessionSchema } },
  })
  session(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return makeSession(this.context, request, reply);
  }

  @Route('GET', 'tokens', {
    action: 'token.read',
    summary: 'Keys of the workspace that are not revoked',
    answers: { 200: { description: 'Without their secrets', schema: z.array(keySchema) } },
  })
  keys(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerKeys(this.context, request, reply);
  }

  @Route('POST', 'tokens', {
    action: 'token.write',
    summary: 'Make a key; it is shown once',
    body: jsonBody(keyRequest),
    answers: { 201: { description: 'The key', schema: keySchema } },
  })
  makeKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return makeKey(this.context, request, reply);
  }

  @Route('DELETE', 'tokens/:token', {
    action: 'token.write',
    summary: 'Revoke a key, at once',
    answers: { 204: { description: 'Revoked' } },
  })
  dropKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dropKey(this.context, request, reply);
  }
}
