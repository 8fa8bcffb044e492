import { requestJson, type Target } from './http.ts';
import { bytes } from './output.ts';

/** A file of a result document: an OGC link object. */
interface ResultLink {
  href: string;
  type?: string;
  size?: number;
}

export type Results = Record<string, unknown>;

export const fetchResults = (target: Target, run: string): Promise<Results> =>
  requestJson<Results>(target, `/${target.workspace}/ogc-api/jobs/${run}/results?f=json`);

/** One line per output; files as their addresses, long values cut. */
export function printResults(results: Results): void {
  for (const [id, value] of Object.entries(results)) {
    for (const line of lines(value)) console.log(`${id}: ${line}`);
  }
}

function lines(value: unknown): string[] {
  if (Array.isArray(value) && value.some(isLink)) return value.flatMap(lines);
  if (isLink(value)) return [`${value.href}${value.size === undefined ? '' : `  (${bytes(value.size)})`}`];
  const text = JSON.stringify(value);
  return [text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length} characters; --json prints all)` : text];
}

const isLink = (value: unknown): value is ResultLink =>
  typeof value === 'object' && value !== null && 'href' in value && typeof value.href === 'string';
