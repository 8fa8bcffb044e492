import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Socket } from 'node:net';
import { toProblem } from '@runnel/service';
import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '../config.ts';
import { refusePacked, watchPace } from './paced-body.ts';

/** Bodies are left to the routes: a file is streamed, a document is read once its sender is known to be allowed to send it. */
class StreamingAdapter extends FastifyAdapter {
  override registerParserMiddleware(): void {}
}

/** Milliseconds for the head of a request, and of silence on a connection on which an answer is not waited for. */
const headPatience = 15_000;
const silence = 150_000;
/** Bytes, and fields, of a request's head; what is beyond is refused, or not looked at. */
const largestHead = 16 * 1024;
const mostFields = 200;

export function createAdapter({ bodyPatienceSeconds }: Pick<ApiConfig, 'bodyPatienceSeconds'>): FastifyAdapter {
  const adapter = new StreamingAdapter({
    forceCloseConnections: 'idle',
    http: { headersTimeout: headPatience, connectionsCheckingInterval: 2000, maxHeaderSize: largestHead },
    connectionTimeout: silence,
    clientErrorHandler: refuseBroken,
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
  fastify.server.maxHeadersCount = mostFields;
  fastify.addContentTypeParser('*', (_request, payload, done) => {
    const packed = refusePacked(payload);
    if (packed) return done(packed);
    watchPace(payload, bodyPatienceSeconds);
    done(null, payload);
  });
  return adapter;
}

/** What is no request of HTTP at all, or has too large a head, or came too slowly: said on the bare connection, which then ends. */
function refuseBroken(this: unknown, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, title] = heads[error.code] ?? [400, 'Bad request'];
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: error.message });
  const head = `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  if (socket.writable) socket.write(`${head}\r\nConnection: close\r\n\r\n${body}`);
  socket.destroySoon();
}

const heads: Readonly<Record<string, readonly [status: number, title: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request timeout'],
  HPE_HEADER_OVERFLOW: [431, 'Request header fields too large'],
};

/** The caller's own id where it is harmless in logs and headers. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID();
}
