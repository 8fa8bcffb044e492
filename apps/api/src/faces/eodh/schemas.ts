import { z } from 'zod';
import { summarySchema } from '../ogc/schemas.ts';

/** Shapes of this face's answers, for its description. */
const link = z.object({
  href: z.string(),
  rel: z.string(),
  type: z.string().optional(),
  title: z.string().optional(),
  method: z.string().optional().describe('STAC API: how it is asked; default: GET'),
  body: z.looseObject({}).optional().describe('STAC API: what is sent there'),
});
const links = z.array(link);

export const processListSchema = z.object({ processes: z.array(summarySchema.extend({ AccessReasoning: z.string() })), links });

export const statusSchema = z.object({
  progress: z.int().min(0).max(100).optional(),
  id: z.uuid(),
  jobID: z.uuid(),
  type: z.literal('process'),
  processID: z.string(),
  created: z.iso.datetime(),
  started: z.iso.datetime(),
  finished: z.iso.datetime().optional(),
  updated: z.iso.datetime(),
  status: z.enum(['running', 'successful', 'failed', 'dismissed']),
  message: z.string(),
  links,
});
export const jobListSchema = z.object({ jobs: z.array(statusSchema), links, numberTotal: z.int() });

export const catalogSchema = z.object({
  type: z.literal('Catalog'),
  id: z.string(),
  stac_version: z.string(),
  description: z.string(),
  conformsTo: z.array(z.string()).optional(),
  links,
});
export const collectionSchema = z.looseObject({
  type: z.literal('Collection'),
  id: z.string(),
  stac_version: z.string(),
  description: z.string(),
  license: z.string(),
  links,
});
export const collectionListSchema = z.object({ collections: z.array(collectionSchema), links });
export const itemSchema = z.looseObject({ type: z.literal('Feature'), id: z.string(), stac_version: z.string(), links });
export const itemListSchema = z.looseObject({ type: z.literal('FeatureCollection'), features: z.array(itemSchema), links });
