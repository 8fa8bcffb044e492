import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { originOf } from './origin.ts';

/** Browsers of any origin may call: tokens travel in a header, never in a cookie (contract of the EODH face, section 1.2). */
const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers':
    'Content-Type,Authorization,Prefer,Accept,Range,If-Match,If-None-Match,If-Range,Last-Event-ID,Content-Digest,X-Checksum-Sha256,X-Request-Id,traceparent',
  'access-control-expose-headers':
    'Location,Preference-Applied,ETag,Content-Range,Content-Disposition,Link,Retry-After,RateLimit,RateLimit-Policy,X-Request-Id',
  'access-control-max-age': '1728000',
};

/** What a browser may do with an answer: nothing but show it, and never as a part of another page. Pages and files of tenants say more (CSP). */
const careful = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'cross-origin',
};
const always = { ...cors, ...careful };
const strictTransport = 'max-age=31536000';

const charset = '; charset=utf-8';
const jsonWithCharset = `json${charset}`;

/** Headers of every answer, preflights, and the time each took. */
export function addAnswerHeaders(
  fastify: FastifyInstance,
  { metrics, stopping, config: { publicUrl } }: Pick<ApiContext, 'metrics' | 'stopping' | 'config'>,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(always).header('x-request-id', request.id);
    // Only who came by TLS is told to come by TLS again.
    if (originOf(request, publicUrl).startsWith('https:')) void reply.header('strict-transport-security', strictTransport);
    if (request.method === 'OPTIONS') void reply.status(204).send();
    else done();
  });
  // JSON has no such parameter (RFC 8259, section 11), and some OGC clients refuse a problem that has one; Fastify adds it.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    const type = reply.getHeader('content-type');
    if (typeof type === 'string' && type.endsWith(jsonWithCharset)) void reply.header('content-type', type.slice(0, -charset.length));
    // A connection that is kept alive would keep the service from ending.
    if (stopping.aborted) void reply.header('connection', 'close');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}
