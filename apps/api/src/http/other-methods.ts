import { Problem } from '@runnel/service';
import type { FastifyInstance } from 'fastify';
import type { DescribedRoute } from './open-api.ts';

/** A path that is there, asked in a way in which it is not: 405, and which ways there are (RFC 9110, section 15.5.6). */
export function refuseOtherMethods(fastify: FastifyInstance, routes: readonly DescribedRoute[]): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of routes) methods.set(path, (methods.get(path) ?? new Set()).add(method));
  const known = [...methods].map(([path, allowed]) => ({ pattern: patternOf(path), allowed: [...allowed] }));
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) return done();
    const path = request.url.replace(/[?#].*$/s, '').replace(/(?<=.)\/$/, '');
    const allowed = known.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.allowed);
    // HEAD is GET without a body.
    const all = [...new Set([...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].sort();
    if (allowed.length === 0 || all.includes(request.method)) return done();
    const detail = `${request.method} is not for this address; there is ${all.join(', ')}`;
    done(new Problem({ status: 405, title: 'Method not allowed', detail, headers: { allow: all.join(', ') } }));
  });
}

function patternOf(path: string): RegExp {
  const parts = path.split('/').map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('/') || '/'}$`, 's');
}
