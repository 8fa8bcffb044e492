import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { openApiType } from '../../http/open-api.ts';
import type { Link } from './base.ts';
import { json, ogcBase, rels } from './base.ts';
import { alternateLinks, encodingOf, html, sendPage } from './pages.ts';

/** GET / (18-062r2, 7.2). */
export async function answerLanding({ config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { workspace } = request.params as { workspace: string };
  const base = ogcBase(request, config.publicUrl);
  const links: Link[] = [
    { rel: 'self', type: json, title: 'This document', href: base },
    ...alternateLinks(base, encodingOf(request)),
    { rel: 'service-desc', type: openApiType, title: 'API definition', href: `${base}/api` },
    { rel: 'service-doc', type: html, title: 'API definition for people', href: `${base}/api?f=html` },
    { rel: rels.conformance, type: json, title: 'Conformance classes', href: `${base}/conformance` },
    { rel: 'conformance', type: json, title: 'Conformance classes', href: `${base}/conformance` },
    { rel: rels.processes, type: json, title: 'Processes', href: `${base}/processes` },
    { rel: 'processes', type: json, title: 'Processes', href: `${base}/processes` },
    { rel: rels.jobs, type: json, title: 'Jobs', href: `${base}/jobs` },
  ];
  const title = `Processes of workspace ${workspace}`;
  const description = 'OGC API - Processes, Part 1 and Part 2 (deploy, replace, undeploy): CWL workflows';
  await sendPage(request, reply, JSON.stringify({ title, description, links }), title);
}

const part1 = 'http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf';
const part2 = 'http://www.opengis.net/spec/ogcapi-processes-2/1.0/conf';
const part3 = 'http://www.opengis.net/spec/ogcapi-processes-3/0.0/conf';

/** What of the standard is served (18-062r2, 7.4). */
const conformsTo = [
  `${part1}/core`,
  `${part1}/ogc-process-description`,
  `${part1}/json`,
  `${part1}/html`,
  `${part1}/oas30`,
  `${part1}/job-list`,
  `${part1}/dismiss`,
  `${part1}/callback`,
  `${part2}/deploy-replace-undeploy`,
  `${part2}/ogcapppkg`,
  `${part2}/cwl`,
  `${part3}/nested-processes`,
];

/** GET /conformance. */
export async function answerConformance({ config }: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const href = `${ogcBase(request, config.publicUrl)}/conformance`;
  const served = conformsTo.filter((name) => name !== `${part1}/callback` || config.callbackSecret !== undefined);
  const links: Link[] = [{ rel: 'self', type: json, title: 'This document', href }, ...alternateLinks(href, encodingOf(request))];
  await sendPage(request, reply, JSON.stringify({ conformsTo: served, links }), 'Conformance classes');
}
