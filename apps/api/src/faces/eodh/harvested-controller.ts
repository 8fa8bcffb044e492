import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { Route } from '../../http/route.ts';
import { eodhPath } from './base.ts';
import { answerHarvestedCollection, answerHarvestedCollections, answerHarvestedItem, answerHarvestedItems } from './harvested.ts';
import { foreignWorkspace } from './problems.ts';
import { collectionListSchema, collectionSchema, itemListSchema, itemSchema } from './schemas.ts';
import { itemQuery } from './stac.ts';
import { geojson } from './stac-documents.ts';

/** STAC documents of watched repositories and files, directly below the workspace's catalogue. */
@Controller(`${eodhPath}/:workspace/collections`)
export class HarvestedController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'run.list',
    summary: 'Collections that were harvested',
    foreign: foreignWorkspace,
    query: itemQuery,
    answers: { 200: { description: 'A page of STAC Collections', schema: collectionListSchema } },
  })
  collections(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerHarvestedCollections(this.context, request, reply);
  }

  @Route('GET', ':collection', {
    action: 'run.list',
    summary: 'A collection that was harvested',
    foreign: foreignWorkspace,
    answers: { 200: { description: 'A STAC Collection', schema: collectionSchema } },
  })
  collection(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerHarvestedCollection(this.context, request, reply);
  }

  @Route('GET', ':collection/items', {
    action: 'run.list',
    summary: 'Items of a collection that was harvested',
    foreign: foreignWorkspace,
    query: itemQuery,
    answers: { 200: { description: 'A page of STAC Items', type: geojson, schema: itemListSchema } },
  })
  items(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerHarvestedItems(this.context, request, reply);
  }

  @Route('GET', ':collection/items/:item', {
    action: 'run.list',
    summary: 'An item that was harvested',
    foreign: foreignWorkspace,
    answers: { 200: { description: 'A STAC Item', type: geojson, schema: itemSchema } },
  })
  item(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerHarvestedItem(this.context, request, reply);
  }
}
