import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { openApiOf, openApiType, sendOpenApi } from '../../http/open-api.ts';
import { originOf } from '../../http/origin.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { answerCallbackKey, callbackKeySchema } from './callback-key.ts';
import { answerDeadLetter, answerDeadLetters, deadLetterQuery, drop, replay } from './dead-letters.ts';
import { answerProcessGraph, graphSchema } from './graph.ts';
import { answerMe, meSchema } from './me.ts';
import { foreignProcess } from '../ogc/problems.ts';
import { answerExecutors } from './executors.ts';
import { deadLetterListSchema, deadLetterSchema, executorListSchema, newTokenSchema, tokenListSchema } from './schemas.ts';
import { exchangedSchema, exchangeErrorSchema, exchangeRequest, exchangeToken, formType } from './token-exchange.ts';
import { answerTokens, dropToken, makeToken, tokenRequest } from './tokens.ts';

/** What is not about one run: tokens, executors, dead letters, and the description of all of it. */
@Controller('api')
export class OwnController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'docs', {
    action: 'service.describe',
    summary: 'This description',
    answers: { 200: { description: 'OpenAPI 3.0', type: openApiType } },
  })
  async docs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { config, routes } = this.context;
    const description = 'Runs, steps, logs, live events, usage, tokens, files. Processes are under /{workspace}/ogc-api.';
    const server = originOf(request, config.publicUrl);
    await sendOpenApi(reply, openApiOf(routes.own, { title: 'Runnel', description, version: '1.0.0', server }));
  }

  @Route('GET', 'v1/me', {
    action: 'service.describe',
    summary: 'What the caller is taken for',
    answers: { 200: { description: 'Workspace and scopes of the token; neither without one', schema: meSchema } },
  })
  me(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerMe(this.context, request, reply);
  }

  @Route('GET', 'v1/workspaces/:workspace/processes/:process/graph', {
    action: 'process.read',
    open: true,
    summary: 'The workflow of a process, as a graph',
    foreign: foreignProcess,
    answers: { 200: { description: 'Its steps', schema: graphSchema } },
  })
  processGraph(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerProcessGraph(this.context, request, reply);
  }

  @Route('GET', 'v1/executors', {
    action: 'executor.read',
    summary: 'Where steps run, and with which isolation',
    answers: { 200: { description: 'All executors', schema: executorListSchema } },
  })
  executors(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerExecutors(this.context, request, reply);
  }

  @Route('POST', 'v1/token', {
    action: 'token.exchange',
    summary: 'Exchange a token for a short-lived, narrower one (RFC 8693)',
    body: { types: [formType], schema: exchangeRequest },
    answers: {
      200: { description: 'The token; it ends with the one it was made of', schema: exchangedSchema },
      400: {
        description: 'It is refused (RFC 6749, section 5.2; RFC 8693, section 2.2.2)',
        type: 'application/json',
        schema: exchangeErrorSchema,
      },
      429: { description: 'Too many requests; Retry-After says when to ask again' },
      503: { description: 'Something this needs is away; Retry-After says when to ask again' },
    },
  })
  exchange(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return exchangeToken(this.context, request, reply);
  }

  @Route('GET', 'v1/tokens', {
    action: 'token.read',
    summary: 'Tokens of the workspace, without their secrets',
    answers: { 200: { description: 'All, also revoked ones', schema: tokenListSchema } },
  })
  tokens(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerTokens(this.context, request, reply);
  }

  @Route('GET', 'v1/callback-key', {
    action: 'token.read',
    summary: 'The key with which callbacks of the workspace are signed',
    answers: { 200: { description: 'The key', schema: callbackKeySchema } },
  })
  callbackKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerCallbackKey(this.context, request, reply);
  }

  @Route('POST', 'v1/tokens', {
    action: 'token.write',
    summary: 'Make a token for the workspace; its secret is shown once',
    body: jsonBody(tokenRequest),
    answers: { 201: { description: 'The token', schema: newTokenSchema } },
  })
  makeToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return makeToken(this.context, request, reply);
  }

  @Route('DELETE', 'v1/tokens/:token', {
    action: 'token.write',
    summary: 'Revoke a token, at once',
    answers: { 204: { description: 'Revoked' } },
  })
  dropToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dropToken(this.context, request, reply);
  }

  @Route('GET', 'v1/dead-letters', {
    action: 'dead-letter.read',
    summary: 'Messages that could not be handled, oldest first',
    query: deadLetterQuery,
    answers: { 200: { description: 'A page of them', schema: deadLetterListSchema } },
  })
  deadLetters(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerDeadLetters(this.context, request, reply);
  }

  @Route('GET', 'v1/dead-letters/:letter', {
    action: 'dead-letter.read',
    summary: 'A message that could not be handled, with what it says',
    answers: { 200: { description: 'The message', schema: deadLetterSchema } },
  })
  deadLetter(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerDeadLetter(this.context, request, reply);
  }

  @Route('POST', 'v1/dead-letters/:letter/replay', {
    action: 'dead-letter.write',
    summary: 'Send a message again',
    answers: { 204: { description: 'Sent, and gone from here' } },
  })
  replay(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return replay(this.context, request, reply);
  }

  @Route('DELETE', 'v1/dead-letters/:letter', {
    action: 'dead-letter.write',
    summary: 'Drop a message',
    answers: { 204: { description: 'Dropped' } },
  })
  drop(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return drop(this.context, request, reply);
  }
}
