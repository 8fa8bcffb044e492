import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { eodhPath } from './base.ts';
import { foreignWorkspace } from './problems.ts';
import { itemListSchema } from './schemas.ts';
import { answerSearch, searchQuery, searchRequest } from './search.ts';
import { geojson } from './stac-documents.ts';

const found = { 200: { description: 'A page of STAC Items', type: geojson, schema: itemListSchema } };

/** Item search (STAC API 1.0.0) in the whole catalogue of a workspace, in all its results, or in one catalogue that a run published. */
@Controller([
  `${eodhPath}/:workspace`,
  `${eodhPath}/:workspace/catalogs/processing-results`,
  `${eodhPath}/:workspace/catalogs/processing-results/catalogs/:process/catalogs/:catalogue`,
])
export class SearchController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'search', {
    action: 'run.list',
    summary: 'Find items',
    foreign: foreignWorkspace,
    query: searchQuery,
    answers: found,
  })
  search(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerSearch(this.context, request, reply);
  }

  @Route('POST', 'search', {
    action: 'run.list',
    summary: 'Find items, by a body',
    foreign: foreignWorkspace,
    body: jsonBody(searchRequest),
    answers: found,
  })
  searchByBody(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerSearch(this.context, request, reply);
  }
}
