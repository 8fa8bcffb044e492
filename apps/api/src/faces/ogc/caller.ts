import { publicWorkspace } from '@runnel/contracts';
import type { FastifyRequest } from 'fastify';
import { publicProcesses } from '../../built-in/built-ins.ts';
import type { SeenProcesses } from '../../built-in/built-ins.ts';
import type { ApiContext } from '../../context.ts';

/** Workspace whose runs this caller makes and sees: callers without a token share one that is no tenant's. */
export function runsWorkspace(request: FastifyRequest): string {
  const { principal } = request;
  return principal.kind === 'anonymous' ? publicWorkspace : principal.workspace;
}

/** Processes that this caller sees. */
export function processesOf({ processes, builtIns }: Pick<ApiContext, 'processes' | 'builtIns'>, request: FastifyRequest): SeenProcesses {
  return request.principal.kind === 'anonymous' ? publicProcesses(builtIns) : processes;
}
