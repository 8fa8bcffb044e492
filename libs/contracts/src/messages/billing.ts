import { z } from 'zod';
import { event } from '../contract.ts';
import { Timestamp, Workspace } from '../shapes.ts';

export const BillingEvent = event(
  'billing.event',
  1,
  z.object({
    uuid: z.uuid().describe('UUIDv5 of `{workspace}-{sku}-{event_start}`: twice is once'),
    event_start: Timestamp,
    event_end: Timestamp,
    sku: z.enum(['cpu-seconds', 'memory-gb-seconds', 'storage-gb-seconds']),
    user: z.string().nullable().describe('a workspace is billed, no user'),
    workspace: Workspace,
    quantity: z.number().describe('below zero where corrections are more than what was used'),
  }),
  {
    dedupe: 'key',
    delivery: 'told',
    routedBy: 'workspace',
    from: ['ingester'],
    to: [],
    summary: 'ingester: what a workspace is billed for a span of time, in the shape of the hub; the sum of all is the sum of the ledger.',
    golden: {
      uuid: '2fd0a0d6-4e5c-5b6f-8a51-0f0d7f8f6f10',
      event_start: '2026-11-21T12:00:00.000Z',
      event_end: '2026-11-21T12:05:00.000Z',
      sku: 'cpu-seconds',
      user: null,
      workspace: 'demo',
      quantity: 12.5,
    },
  },
);

export const BudgetReached = event(
  'budget.reached',
  1,
  z.object({
    workspace: Workspace,
    month: z.string().describe('`2026-11`'),
    percent: z.int().describe('80: a warning; 100: nothing new begins'),
    coreHours: z.number(),
    memoryGbHours: z.number(),
  }),
  {
    dedupe: 'key',
    delivery: 'told',
    routedBy: 'workspace',
    from: ['ingester'],
    to: [],
    summary: 'ingester: a workspace has used 80 or 100 per cent of its budget for the month.',
    golden: { workspace: 'demo', month: '2026-11', percent: 80, coreHours: 8.1, memoryGbHours: 2 },
  },
);
