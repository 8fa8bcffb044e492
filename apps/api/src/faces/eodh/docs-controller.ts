import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Controller, Inject, Req, Res } from '@nestjs/common';
import { Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { openApiOf, openApiType, sendOpenApi } from '../../http/open-api.ts';
import { originOf } from '../../http/origin.ts';
import { Route } from '../../http/route.ts';

const path = 'api/docs/workflow-runner';

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Workflow Runner</title>
<link rel="stylesheet" href="/${path}/files/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/${path}/files/swagger-ui-bundle.js"></script>
<script src="/${path}/files/start.js"></script>
</html>
`;
const start = `SwaggerUIBundle({ url: '/${path}/openapi.json', dom_id: '#swagger-ui' });\n`;
const types: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** Swagger UI over the description of the EODH face, where the hub has it; everything it needs comes from here. */
@Controller(path)
export class DocsController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'service.describe',
    summary: 'Swagger UI of the EODH face',
    answers: { 200: { description: 'A page', type: 'text/html' } },
  })
  async page(@Req() _request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:")
      .send(page);
  }

  @Route('GET', 'ping', {
    action: 'service.describe',
    summary: 'Whether the api answers',
    answers: { 200: { description: 'It does' } },
  })
  async ping(@Req() _request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await reply.send({ status: 'ok' });
  }

  @Route('GET', 'openapi.json', {
    action: 'service.describe',
    summary: 'Description of the EODH face',
    answers: { 200: { description: 'OpenAPI 3.0', type: openApiType } },
  })
  async definition(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const server = originOf(request, this.context.config.publicUrl);
    const description = 'Processes, jobs and published results of a workspace, its sessions and keys, as clients of EODH know them';
    const { eodh } = this.context.routes;
    await sendOpenApi(reply, openApiOf(eodh, { title: 'Workflow Runner', description, version: '1.0.0', server }));
  }

  @Route('GET', 'files/:file', {
    action: 'service.describe',
    summary: 'What the page needs',
    answers: { 200: { description: 'Script or style', type: 'text/javascript' } },
  })
  async file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { file } = request.params as { file: string };
    const type = types[file];
    if (file === 'start.js') return void (await reply.type('text/javascript; charset=utf-8').send(start));
    if (type === undefined) throw new Problem({ status: 404, title: 'Not found', detail: `there is no file "${file}"` });
    const found = createRequire(import.meta.url).resolve(`@fastify/swagger-ui/static/${file}`);
    await reply.type(type).header('cache-control', 'public, max-age=86400').send(createReadStream(found));
  }
}
