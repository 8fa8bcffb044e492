import { z } from 'zod';

/** Where a value for an input comes from: a part of what fired the trigger (`data.item.href`, `id`, `item`), or a value of its own. */
const Source = z.union([
  z.strictObject({ from: z.string().min(1).max(500), default: z.json().optional() }),
  z.strictObject({ value: z.json() }),
]);

const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a name is of a-z, 0-9 and -');

const common = {
  process: z
    .string()
    .regex(/^([a-z][a-z0-9-]{0,38}[a-z0-9]\/)?[\w.-]{1,200}$/)
    .describe('id of a process of the workspace, or `owner/id` of one that is offered'),
  inputs: z.record(z.string().min(1).max(200), Source).default({}),
  each: z.string().min(1).max(500).optional().describe('a list in what fired it: one run for each element, which mappings call `item`'),
  catalogue: z.boolean().default(false).describe('its results are a STAC catalogue, which is published among the files of the workspace'),
  enabled: z.boolean().default(true),
};

const OnEvent = z.strictObject({
  ...common,
  on: z.literal('event'),
  type: z.string().min(1).max(500).describe('type of the events; a * at its end stands for any rest'),
  filter: z.string().max(2000).optional().describe('subset of CloudEvents SQL (docs/triggers.md)'),
});

const OnCron = z.strictObject({
  ...common,
  on: z.literal('cron'),
  cron: z.string().min(1).max(200).describe('minute hour day month weekday'),
  timeZone: z.string().min(1).max(100).default('UTC'),
  missed: z
    .enum(['skip', 'once', 'all'])
    .default('once')
    .describe('times that passed while nothing ran: none of them, one run for all, or one run each (the last 100)'),
});

const OnEnd = z.strictObject({
  ...common,
  on: z.literal('after'),
  processes: z.array(z.string().min(1).max(200)).min(1).max(20).describe('ids of processes whose runs are waited for'),
  when: z.enum(['any', 'all']).default('any').describe('any: after each run; all: when each process has had one since the last time'),
  status: z.enum(['successful', 'failed', 'dismissed', 'ended']).default('successful'),
});

/** What starts a run by itself. */
export const Trigger = z.discriminatedUnion('on', [OnEvent, OnCron, OnEnd]);
export type Trigger = z.output<typeof Trigger>;

export const triggerName = Name;
