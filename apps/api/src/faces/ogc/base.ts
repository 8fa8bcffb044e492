import type { FastifyRequest } from 'fastify';
import { originOf } from '../../http/origin.ts';
import { eodhPath } from '../eodh/base.ts';

/** Absolute address of the face as this caller reached it: links lead on under the same path. `of`: another workspace's. */
export function ogcBase(request: FastifyRequest, publicUrl: string | undefined, of?: string): string {
  const workspace = of ?? (request.params as { workspace: string }).workspace;
  const eodh = `/${eodhPath}/${workspace}`;
  const ogc = request.url.startsWith('/ades/') ? `/ades/${workspace}/ogc-api` : `/${workspace}/ogc-api`;
  const path = request.url.startsWith(`/${eodhPath}/`) ? eodh : ogc;
  return originOf(request, publicUrl) + path;
}

export interface Link {
  readonly href: string;
  readonly rel: string;
  readonly type?: string;
  readonly title?: string;
}

export const json = 'application/json';
/** Link relations of the standard. */
export const rels = {
  conformance: 'http://www.opengis.net/def/rel/ogc/1.0/conformance',
  processes: 'http://www.opengis.net/def/rel/ogc/1.0/processes',
  jobs: 'http://www.opengis.net/def/rel/ogc/1.0/job-list',
  execute: 'http://www.opengis.net/def/rel/ogc/1.0/execute',
  results: 'http://www.opengis.net/def/rel/ogc/1.0/results',
  exceptions: 'http://www.opengis.net/def/rel/ogc/1.0/exceptions',
} as const;
