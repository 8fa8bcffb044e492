import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Route } from '../../http/route.ts';
import { welcomePage } from './welcome-page.ts';

/** What a person sees who opens the address in a browser. */
@Controller('')
export class SiteController {
  @Route('GET', '', {
    action: 'service.describe',
    summary: 'What runs here',
    answers: { 200: { description: 'A page', type: 'text/html' } },
  })
  async welcome(@Req() _request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(welcomePage);
  }
}
