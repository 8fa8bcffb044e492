import { openApiType } from '../../http/open-api.ts';
import type { Link } from './base.ts';
import { json, rels } from './base.ts';

/** Landing page (18-062r2, 7.2). */
export function landingPage(workspace: string, base: string): { title: string; description: string; links: Link[] } {
  return {
    title: `Processes of workspace ${workspace}`,
    description: 'OGC API - Processes, Part 1 and Part 2 (deploy, replace, undeploy): CWL workflows',
    links: [
      { rel: 'self', type: json, title: 'This document', href: base },
      { rel: 'service-desc', type: openApiType, title: 'API definition', href: `${base}/api` },
      { rel: rels.conformance, type: json, title: 'Conformance classes', href: `${base}/conformance` },
      { rel: 'conformance', type: json, title: 'Conformance classes', href: `${base}/conformance` },
      { rel: rels.processes, type: json, title: 'Processes', href: `${base}/processes` },
      { rel: 'processes', type: json, title: 'Processes', href: `${base}/processes` },
      { rel: rels.jobs, type: json, title: 'Jobs', href: `${base}/jobs` },
    ],
  };
}

const part1 = 'http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf';
const part2 = 'http://www.opengis.net/spec/ogcapi-processes-2/1.0/conf';

/** What of the standard is served (18-062r2, 7.4). */
export const conformance = {
  conformsTo: [
    `${part1}/core`,
    `${part1}/ogc-process-description`,
    `${part1}/json`,
    `${part1}/oas30`,
    `${part1}/job-list`,
    `${part1}/dismiss`,
    `${part2}/deploy-replace-undeploy`,
    `${part2}/ogcapppkg`,
    `${part2}/cwl`,
  ],
};
