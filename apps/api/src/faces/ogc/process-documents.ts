import type { Link } from './base.ts';
import { json, rels } from './base.ts';
import { alternateLinks } from './pages.ts';
import type { Encoding } from './pages.ts';
import type { ProcessSummary } from '../../processes/find-process.ts';

/** Adds links to a stored JSON object without taking it apart: reading processes is what clients do most. */
function withLinks(text: string, links: readonly Link[]): string {
  return `${text.slice(0, -1)},"links":${JSON.stringify(links)}}`;
}

const processAddress = (base: string, id: string): string => `${base}/processes/${encodeURIComponent(id)}`;

/** Process description (18-062r2, 7.10) as JSON text. */
export function processDocument(text: string, id: string, base: string, encoding: Encoding): string {
  const href = processAddress(base, id);
  return withLinks(text, [
    { rel: 'self', type: json, title: 'Process description', href },
    ...alternateLinks(href, encoding),
    { rel: rels.execute, type: json, title: 'Execute', href: `${href}/execution` },
    { rel: 'package', type: 'application/cwl', title: 'The document as deployed', href: `${href}/package` },
  ]);
}

/** Process list (18-062r2, 7.9) as JSON text. */
export function processList(
  summaries: readonly ProcessSummary[],
  base: string,
  query: { self: string; encoding: Encoding; next?: string },
): string {
  const processes = summaries.map(({ id, text }) =>
    withLinks(text, [{ rel: 'self', type: json, title: 'Process description', href: processAddress(base, id) }]),
  );
  const links: Link[] = [
    { rel: 'self', type: json, title: 'This page', href: `${base}/processes${query.self}` },
    ...alternateLinks(`${base}/processes${query.self}`, query.encoding),
    ...(query.next === undefined ? [] : [{ rel: 'next', type: json, title: 'Next page', href: `${base}/processes${query.next}` }]),
  ];
  return `{"processes":[${processes.join(',')}],"links":${JSON.stringify(links)}}`;
}

/** What a deployment answers: the summary, without inputs and outputs (20-044). */
export function deployedSummary(description: { readonly id: string }, base: string): string {
  const { inputs: _inputs, outputs: _outputs, ...summary } = description as { id: string; inputs?: unknown; outputs?: unknown };
  const execute = { rel: rels.execute, type: json, title: 'Execute', href: `${processAddress(base, description.id)}/execution` };
  return withLinks(JSON.stringify(summary), [
    { rel: 'self', type: json, title: 'Process description', href: processAddress(base, description.id) },
    execute,
  ]);
}
