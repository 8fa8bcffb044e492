import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { once } from '../../http/query.ts';
import type { Link } from './base.ts';
import { json } from './base.ts';
import { consoleBeside, htmlPage } from './html-page.ts';

/** Encodings of every page (18-062r2, conformance classes json and html). */
export type Encoding = 'json' | 'html';
export const html = 'text/html';

/** Query of every page. */
export const pageQuery = z.object({ f: once(z.enum(['json', 'html']).optional()).describe('encoding; default: what Accept says') });

/** The encoding asked for: `?f=json|html` wins over Accept; whoever accepts neither gets JSON. */
export function encodingOf(request: FastifyRequest): Encoding {
  const { query, headers } = request;
  const f = (query as { f?: unknown }).f === undefined ? undefined : pageQuery.parse(query).f;
  return f ?? (prefersHtml(headers.accept) ? 'html' : 'json');
}

/** Whether an Accept header (RFC 9110, section 12.5.1) ranks HTML above JSON; equal ranks mean the earlier one. */
function prefersHtml(accept = ''): boolean {
  if (!accept.includes('html')) return false;
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, quality: q === undefined ? 1 : Number(q) || 0 };
  });
  const rank = (types: readonly string[]): number =>
    Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map((r) => r.quality));
  const [first] = ranges.filter(({ type }) => type === html || type === json);
  const [page, data] = [rank([html, 'application/xhtml+xml']), rank([json])];
  return page > data || (page === data && page > 0 && first?.type === html);
}

/** The address of this page in another encoding. */
export function alternateLinks(href: string, encoding: Encoding): Link[] {
  const [other, type] = encoding === 'json' ? (['html', html] as const) : (['json', json] as const);
  const [path = '', query = ''] = href.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('f', other);
  return [{ rel: 'alternate', type, title: `This page as ${other.toUpperCase()}`, href: `${path}?${parameters.toString()}` }];
}

/** Answers with a JSON document, or with a page that shows it. */
export async function sendPage(request: FastifyRequest, reply: FastifyReply, text: string, title: string): Promise<void> {
  if (encodingOf(request) === 'json') {
    await reply.type(json).send(text);
    return;
  }
  await reply
    .type(`${html}; charset=utf-8`)
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .header('x-content-type-options', 'nosniff')
    .send(htmlPage(title, JSON.parse(text) as unknown, consoleBeside(request.url)));
}
