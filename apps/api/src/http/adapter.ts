import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { toProblem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Bodies are left to the routes: a file is streamed, a document is read once its sender is known to be allowed to send it. */
class StreamingAdapter extends FastifyAdapter {
  override registerParserMiddleware(): void {}
}

export function createAdapter(): FastifyAdapter {
  const adapter = new StreamingAdapter({
    forceCloseConnections: 'idle',
    // What the router itself refuses (a path that is no text, a name that is too long) is a problem like any other.
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const problem = toProblem(error);
      void reply
        .status(problem.status)
        .header('content-type', 'application/problem+json')
        .send(Buffer.from(JSON.stringify(problem.body())));
    },
    // What comes in while it stops is answered as ever; only then it listens no more.
    return503OnClosing: false,
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']),
    // Steps have long names (`mosaic/merge[3][0]`); a trailing slash means the same, as some clients send it.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2048 },
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  return adapter;
}

/** The caller's own id where it is harmless in logs and headers. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID();
}
