import { z } from 'zod';
import { json } from './base.ts';
import { html } from './pages.ts';

/** Media types of every page, and of results: a document, parts, or whatever the one value is. */
export const pageTypes = [json, html];
export const resultTypes = [json, html, 'multipart/related', 'text/plain', '*/*'];

/** Shapes of the standard's answers, for the API definition. */
const link = z.object({ href: z.string(), rel: z.string(), type: z.string().optional(), title: z.string().optional() });
const links = z.array(link);

export const landingSchema = z.object({ title: z.string(), description: z.string(), links });
export const conformanceSchema = z.object({ conformsTo: z.array(z.string()), links });

const summary = z.object({
  id: z.string(),
  version: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  keywords: z.array(z.string()).optional(),
  metadata: z.array(z.object({ role: z.string(), value: z.unknown() })).optional(),
  mutable: z.boolean(),
  jobControlOptions: z.array(z.enum(['sync-execute', 'async-execute', 'dismiss'])),
  outputTransmission: z.array(z.enum(['value', 'reference'])),
  links,
});
export const summarySchema = summary;
export const processListSchema = z.object({ processes: z.array(summary), links });
const schema = z.record(z.string(), z.unknown());
export const processSchema = summary.extend({
  inputs: z.record(
    z.string(),
    z.object({
      title: z.string(),
      description: z.string(),
      schema,
      minOccurs: z.int(),
      maxOccurs: z.union([z.int(), z.literal('unbounded')]),
    }),
  ),
  outputs: z.record(z.string(), z.object({ title: z.string(), description: z.string(), schema })),
});

export const statusSchema = z.object({
  jobID: z.string(),
  id: z.string(),
  processID: z.string(),
  type: z.literal('process'),
  status: z.enum(['accepted', 'running', 'successful', 'failed', 'dismissed']),
  message: z.string(),
  progress: z.int().min(0).max(100).optional(),
  created: z.iso.datetime(),
  started: z.iso.datetime().optional(),
  finished: z.iso.datetime().optional(),
  updated: z.iso.datetime(),
  attention: z.string().optional(),
  links,
});
export const jobListSchema = z.object({ jobs: z.array(statusSchema), links });

const values = z.record(z.string(), z.unknown());
export const inputsSchema = z.object({ inputs: values, links });
export const definitionSchema = z.looseObject({ process: z.string(), inputs: values, links });
/** PROV-JSON: records by kind and id. */
export const provSchema = z.record(z.string(), z.record(z.string(), z.unknown()));
