import { RunStatus } from '@runnel/contracts';
import { z } from 'zod';

/** Shapes of `/api/v1`; its description is made from them. */
export const failureSchema = z.looseObject({ class: z.string(), reason: z.string(), step: z.string().optional() });

export const runSchema = z.object({
  run: z.uuid(),
  workspace: z.string(),
  executing: z.string().optional().describe('where it executes, if not in its own workspace: a service of that one'),
  process: z.object({ workspace: z.string(), id: z.string(), version: z.string(), digest: z.string() }),
  name: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  resumes: z.uuid().optional().describe('the run from which it goes on'),
  priority: z.int().describe('among the runs of its workspace'),
  weight: z.number(),
  status: RunStatus,
  progress: z.int(),
  message: z.string(),
  version: z.int().describe('of its last event; ids of its server-sent events are versions'),
  failure: failureSchema.optional(),
  attention: z.string().optional().describe('why a person should look'),
  stopped: z.boolean().describe('nothing of it runs any more'),
  created: z.iso.datetime(),
  started: z.iso.datetime().optional(),
  finished: z.iso.datetime().optional(),
  updated: z.iso.datetime(),
});

export const nodeSchema = z.object({
  node: z.string(),
  status: z.enum(['waiting', 'ready', 'running', 'successful', 'failed', 'skipped']),
  total: z.int().describe('elements; 1 where it is not scattered'),
  finished: z.int(),
  running: z.int(),
  reason: z.string().optional().describe('why it, or a part of its elements, waits'),
  queue: z
    .object({ since: z.iso.datetime(), ahead: z.int().describe('steps of the workspace that have waited longer') })
    .optional()
    .describe('where it waits for admission'),
});
export const runDetailSchema = runSchema.extend({
  limits: z
    .object({ runSeconds: z.number().optional(), stepSeconds: z.number().optional() })
    .optional()
    .describe('how long it, and each attempt at a step, may take from its start'),
  nodes: z.array(nodeSchema),
});
export const runListSchema = z.object({ runs: z.array(runSchema), next: z.string().optional() });

export const stepSchema = z.object({
  step: z.string(),
  attempt: z.int().describe('0: not asked for yet'),
  status: z.enum(['waiting', 'ready', 'requested', 'running', 'stopping', 'stopped', 'successful', 'failed', 'skipped']),
  reason: z.string().optional().describe('why it waits, or failed'),
  since: z.iso.datetime().optional().describe('when it began to wait'),
  waitedSeconds: z.int().optional().describe('for how long it has waited'),
  executor: z.string().optional(),
  requested: z.iso.datetime().optional(),
  started: z.iso.datetime().optional(),
  finished: z.iso.datetime().optional(),
  exitCode: z.int().optional(),
  failure: failureSchema.optional(),
  reused: z
    .object({ run: z.uuid(), step: z.string(), attempt: z.int() })
    .optional()
    .describe('whose result it is: nothing was carried out'),
});
export const stepListSchema = z.object({ steps: z.array(stepSchema), next: z.string().optional() });

export const usageSchema = z.object({
  step: z.string(),
  attempt: z.int(),
  wallSeconds: z.number(),
  cpuSeconds: z.number(),
  maxMemoryBytes: z.number(),
  cores: z.number(),
  memoryMiB: z.number(),
  inputBytes: z.number(),
  outputBytes: z.number(),
  started: z.iso.datetime(),
  finished: z.iso.datetime(),
});
export const usageListSchema = z.object({
  attempts: z.array(usageSchema),
  total: usageSchema.pick({ wallSeconds: true, cpuSeconds: true, inputBytes: true, outputBytes: true }).extend({
    coreSeconds: z.number(),
    memoryMiBSeconds: z.number(),
    attempts: z.int(),
  }),
  next: z.string().optional(),
});

export const executorSchema = z.object({
  id: z.string(),
  backend: z.string(),
  slots: z.int(),
  cores: z.number(),
  memoryMiB: z.number(),
  isolation: z.string(),
  accepting: z.boolean(),
  alive: z.boolean(),
  cordon: z.string().nullable().describe('why it is given nothing new'),
  emptyAt: z.iso.datetime().nullable().describe('when what still runs there is moved'),
  full: z.string().nullable().describe('why it takes nothing new by itself'),
  steps: z.int().describe('under way there'),
  heartbeat: z.iso.datetime(),
});
export const executorListSchema = z.object({ executors: z.array(executorSchema) });

export const deadLetterSchema = z.looseObject({ seq: z.int() });
export const deadLetterListSchema = z.object({ deadLetters: z.array(deadLetterSchema), next: z.string().optional() });

export const tokenSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  created: z.iso.datetime(),
  expires: z.iso.datetime().optional(),
  revoked: z.iso.datetime().optional(),
});
export const newTokenSchema = tokenSchema.extend({ secret: z.string().describe('shown once') });
export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) });
