import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from './logger.ts';
import { toProblem } from './problem.ts';
import type { Problem } from './problem.ts';

/** The one place where errors become answers; `runService` installs it for all of a service's routes. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    // A handler of messages has no answer: its error belongs to the consumer, which decides about redelivery.
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    answerWithProblem(this.logger, error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** Renders an error for routes outside Nest's pipeline; one already streaming is cut, so that a client does not take half for the whole. */
export function answerWithProblem(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error);
  if (problem.status >= 500) logger.error({ error, method: request.method, url: request.url, status: problem.status }, problem.title);
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  sendProblem(request, reply, problem);
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  // Old OGC clients ask for exactly this and refuse anything else.
  const plain = request.headers.accept === 'application/json';
  void reply
    .status(problem.status)
    .headers(problem.headers)
    .header('content-type', plain ? 'application/json' : 'application/problem+json')
    // A buffer, since Fastify adds a charset to text, which these types do not have (RFC 8259, section 11).
    .send(Buffer.from(JSON.stringify(problem.body())));
}
