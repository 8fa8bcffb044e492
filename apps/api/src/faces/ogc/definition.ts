import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { openApiOf, sendOpenApi } from '../../http/open-api.ts';
import { ogcBase } from './base.ts';
import { encodingOf, sendPage } from './pages.ts';

const base = '/:workspace/ogc-api';

/** GET /api: the API definition, made from the routes themselves (18-062r2, conformance class oas30). */
export async function sendDefinition({ config, routes }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const title = 'Runnel: OGC API - Processes';
  const description = 'OGC API - Processes: deploy CWL workflows, execute them, follow them, get their results';
  const own = routes.ogc.filter(({ path }) => path.startsWith(base));
  const definition = openApiOf(own, { title, description, version: '1.0.0', server: ogcBase(request, config.publicUrl) }, base);
  if (encodingOf(request) === 'html') await sendPage(request, reply, JSON.stringify(definition), title);
  else await sendOpenApi(reply, definition);
}
