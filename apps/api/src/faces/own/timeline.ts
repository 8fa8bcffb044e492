import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { findChanges, findElementTimes, findNodeTimes } from '../../runs/find-timeline.ts';
import type { NodeTimes } from '../../runs/find-timeline.ts';
import { runOf } from './runs.ts';

const instant = z.iso.datetime();
const counts = { requested: z.int(), running: z.int(), successful: z.int(), failed: z.int(), waiting: z.int() };

export const timelineSchema = z.object({
  from: instant.describe('when the run was accepted'),
  to: instant.describe('its end, or now'),
  parts: z.int().describe('into so many equal parts this time is cut where a node has many elements'),
  nodes: z.array(
    z.object({
      node: z.string().describe('path without indices: elements of scatters, also of scattered workflows, are told together'),
      elements: z.int().describe('that were asked for'),
      ...counts,
      firstRequested: instant,
      firstStarted: instant.optional(),
      lastFinished: instant.optional().describe('of the last one that has ended'),
      bars: z
        .array(
          z.object({
            step: z.string(),
            attempt: z.int(),
            status: z.string(),
            requested: instant,
            started: instant.optional(),
            finished: instant.optional(),
          }),
        )
        .optional()
        .describe('each element, where they are few'),
      levels: z
        .array(z.object({ part: z.int(), staging: z.int(), running: z.int() }))
        .optional()
        .describe('where they are many: how many were under way from this part of the time until the next that is named'),
    }),
  ),
});

/** Elements of a node that are told one by one, and of all nodes together. */
const fewPerNode = 48;
const fewInAll = 600;
const parts = 120;

/** GET /api/v1/runs/{run}/timeline: when the steps waited for their executor and ran; its size does not grow with the width of scatters. */
export async function answerTimeline({ database }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const run = await runOf({ database }, request);
  const from = run.createdAt;
  const to = run.finishedAt ?? new Date();
  const nodes = await findNodeTimes(database, run.id);
  const few = namesOfFew(nodes);
  const many = nodes.filter(({ node }) => !few.has(node)).map(({ node }) => node);
  const [elements, changes] = await Promise.all([
    findElementTimes(database, run.id, [...few]),
    findChanges(database, run.id, { nodes: many, from, to: to > from ? to : new Date(from.getTime() + 1), parts }),
  ]);
  await reply.send({
    from: from.toISOString(),
    to: to.toISOString(),
    parts,
    nodes: nodes.map(({ firstRequested, firstStarted, lastFinished, ...node }) => ({
      ...node,
      elements: elementsOf(node),
      firstRequested,
      ...(firstStarted === null ? {} : { firstStarted }),
      ...(lastFinished === null ? {} : { lastFinished }),
      ...(few.has(node.node)
        ? { bars: elements.filter((one) => one.node === node.node).map(barOf) }
        : { levels: levelsOf(changes.filter((one) => one.node === node.node)) }),
    })),
  });
}

type Counts = Pick<NodeTimes, 'requested' | 'running' | 'successful' | 'failed' | 'waiting'>;
const elementsOf = (node: Counts): number => node.requested + node.running + node.successful + node.failed + node.waiting;

function namesOfFew(nodes: readonly NodeTimes[]): Set<string> {
  let left = fewInAll;
  return new Set(
    nodes
      .filter((node) => {
        const count = elementsOf(node);
        if (count > fewPerNode || count > left) return false;
        left -= count;
        return true;
      })
      .map(({ node }) => node),
  );
}

function barOf({ step, attempt, state, requested, started, finished }: Awaited<ReturnType<typeof findElementTimes>>[number]) {
  return { step, attempt, status: state, requested, ...(started === null ? {} : { started }), ...(finished === null ? {} : { finished }) };
}

/** From what changed in parts of the time, how many were under way at the end of each; what began and ended within one part is seen in that part. */
export function levelsOf(
  changes: readonly { part: number; staged: number; started: number; ended: number }[],
): { part: number; staging: number; running: number }[] {
  let staging = 0;
  let running = 0;
  return changes.flatMap(({ part, staged, started, ended }, index) => {
    const before = running;
    staging = Math.max(0, staging + staged - started);
    running = Math.max(0, running + started - ended);
    const level = { part, staging, running };
    if (running > 0 || started === 0) return [level];
    const seen = { part, staging, running: Math.max(1, before) };
    return changes[index + 1]?.part === part + 1 ? [seen] : [seen, { ...level, part: part + 1 }];
  });
}
