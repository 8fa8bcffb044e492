import { Controller, Req, Res } from '@nestjs/common';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Route } from '../../http/route.ts';
import { consoleFile } from './console-files.ts';

/**
 * Nothing but the console's own script and style run here, no page frames it, and no text becomes markup (Trusted Types): whoever gets a script
 * into a label or a log gets no token.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Asked for again each time, and not sent again where it is the same: a new release is there at once.
  'cache-control': 'no-cache',
};

/** The web console: static files for everybody, which use the public API with the token of who looks (ADR 0039). */
@Controller('console')
export class ConsoleController {
  @Route('GET', '', {
    action: 'service.describe',
    summary: 'The web console',
    answers: { 200: { description: 'A page', type: 'text/html' }, 304: { description: 'Still the one you have' } },
  })
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // Its addresses are relative, so that it works behind a proxy that puts a path before it.
    if (/^[^?]*\/(\?|$)/.test(request.url)) await reply.redirect('../console', 308);
    else await send(request, reply, 'index.html');
  }

  @Route('GET', ':file', {
    action: 'service.describe',
    summary: 'Script and style of the web console',
    answers: {
      200: { description: 'The file', type: ['text/javascript', 'text/css', 'text/html', 'image/svg+xml'] },
      304: { description: 'Still the one you have' },
    },
  })
  async file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await send(request, reply, (request.params as { file: string }).file);
  }
}

async function send(request: FastifyRequest, reply: FastifyReply, name: string): Promise<void> {
  const file = await consoleFile(name);
  if (!file)
    throw new Problem({
      status: 404,
      title: 'Not found',
      detail: `there is no file "${name}" of the console, or it was not built (make setup)`,
    });
  void reply.headers(headers).header('etag', file.etag).type(file.type);
  if (request.headers['if-none-match'] === file.etag) await reply.status(304).send();
  else await reply.send(file.bytes);
}
