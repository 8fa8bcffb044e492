import type { FastifyRequest } from 'fastify';
import { originOf } from '../../http/origin.ts';

/** Below it are processes and jobs of a workspace, and the catalogue of what its runs published (contract of the EODH face, section 1.1). */
export const eodhPath = 'api/catalogue/stac/catalogs/user/catalogs';

/** Absolute address of the face for a workspace: jobs stand under the caller's own, whosever process was executed. */
export function eodhBase(request: FastifyRequest, publicUrl: string | undefined, workspace = workspaceIn(request)): string {
  return `${originOf(request, publicUrl)}/${eodhPath}/${workspace}`;
}

export const workspaceIn = (request: FastifyRequest): string => (request.params as { workspace: string }).workspace;
