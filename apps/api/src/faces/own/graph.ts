import type { GraphNode } from '@runnel/engine';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import { processesOf } from '../ogc/caller.ts';
import { noSuchProcess } from '../ogc/problems.ts';
import { readState } from '../../runs/read-state.ts';
import { runOf } from './runs.ts';

const graphNodeSchema = z.object({
  id: z.string().describe('within its workflow; joined by "/" with those around it, the path of a node'),
  label: z.string().optional(),
  class: z.enum(['CommandLineTool', 'ExpressionTool', 'Workflow', 'Operation']),
  upstream: z.array(z.string()).describe('steps beside it whose outputs it takes'),
  scatter: z.array(z.string()).optional().describe('inputs over which it is scattered'),
  conditional: z.boolean(),
  resources: z.object({ cores: z.number(), memoryMiB: z.number() }).describe('of one element'),
  command: z.array(z.string()).optional().describe('of a tool, as the document has it'),
  image: z.string().optional(),
  nodes: z.array(z.unknown()).optional().describe('of a workflow: the same again'),
});
export const graphSchema = z.object({ nodes: z.array(graphNodeSchema) });

/** GET /api/v1/runs/{run}/graph: the workflow that the run executes, as it was when the run was accepted. */
export async function answerRunGraph(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { engine } = await readState(context, await runOf(context, request));
  await send(reply, engine.graph());
}

/** GET /api/v1/workspaces/{workspace}/processes/{process}/graph: the workflow as it is deployed now. */
export async function answerProcessGraph(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace, process: id } = request.params as { workspace: string; process: string };
  const found = await processesOf(context, request).find(workspace, id);
  if (!found) throw noSuchProcess(id);
  const { engine } = await context.packages.get({ workspace: found.workspace, digest: found.digest, entry: found.entry });
  await send(reply, engine.graph());
}

async function send(reply: FastifyReply, nodes: GraphNode[]): Promise<void> {
  await reply.send({ nodes });
}
