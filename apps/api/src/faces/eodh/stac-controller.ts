import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { Route } from '../../http/route.ts';
import { eodhPath } from './base.ts';
import { foreignWorkspace } from './problems.ts';
import { catalogSchema, collectionSchema, itemListSchema, itemSchema } from './schemas.ts';
import { answerCatalog, answerCollection, answerItem, answerItems, itemQuery } from './stac.ts';
import { geojson } from './stac-documents.ts';

const results = 'catalogs/processing-results';
const catalogue = `${results}/catalogs/:process/catalogs/:catalogue`;
const collection = `${catalogue}/collections/:collection`;
const catalogAnswer = { 200: { description: 'A STAC Catalog', schema: catalogSchema } };

/** The catalogue of what a workspace's runs published, read-only, where the hub's resource catalogue has it. */
@Controller(`${eodhPath}/:workspace`)
export class StacController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', { action: 'run.list', summary: 'Catalogue of the workspace', foreign: foreignWorkspace, answers: catalogAnswer })
  workspace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerCatalog(this.context, request, reply);
  }

  @Route('GET', results, { action: 'run.list', summary: 'All results', foreign: foreignWorkspace, answers: catalogAnswer })
  results(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerCatalog(this.context, request, reply);
  }

  @Route('GET', `${results}/catalogs/:process`, {
    action: 'run.list',
    summary: 'Results of a process',
    foreign: foreignWorkspace,
    answers: catalogAnswer,
  })
  process(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerCatalog(this.context, request, reply);
  }

  @Route('GET', catalogue, {
    action: 'run.list',
    summary: 'A catalogue that a run published',
    foreign: foreignWorkspace,
    answers: catalogAnswer,
  })
  catalogue(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerCatalog(this.context, request, reply);
  }

  @Route('GET', collection, {
    action: 'run.list',
    summary: 'A collection',
    foreign: foreignWorkspace,
    answers: { 200: { description: 'A STAC Collection', schema: collectionSchema } },
  })
  collection(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerCollection(this.context, request, reply);
  }

  @Route('GET', `${collection}/items`, {
    action: 'run.list',
    summary: 'Items of a collection',
    foreign: foreignWorkspace,
    query: itemQuery,
    answers: { 200: { description: 'A page of STAC Items', type: geojson, schema: itemListSchema } },
  })
  items(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerItems(this.context, request, reply);
  }

  @Route('GET', `${collection}/items/:item`, {
    action: 'run.list',
    summary: 'An item',
    foreign: foreignWorkspace,
    answers: { 200: { description: 'A STAC Item', type: geojson, schema: itemSchema } },
  })
  item(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerItem(this.context, request, reply);
  }
}
