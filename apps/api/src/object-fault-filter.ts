import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import {
  ChecksumMismatch,
  InvalidKey,
  ObjectNotFound,
  ObjectStoreUnavailable,
  ObjectTooLarge,
  PreconditionFailed,
  RangeNotSatisfiable,
} from '@runnel/objects';
import { answerWithProblem, Problem, ServiceUnavailable } from '@runnel/service';
import type { Logger } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

const kinds = [
  ChecksumMismatch,
  InvalidKey,
  ObjectNotFound,
  ObjectStoreUnavailable,
  ObjectTooLarge,
  PreconditionFailed,
  RangeNotSatisfiable,
];

/** What the object store refuses, as an answer: the library knows nothing of HTTP. */
@Catch(...kinds)
export class ObjectFaultFilter implements ExceptionFilter {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  catch(error: Error, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    answerWithProblem(this.logger, objectProblem(error), http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

function objectProblem(error: Error): Error {
  const problem = (status: number, title: string, headers: Record<string, string> = {}): Problem =>
    new Problem({ status, title, detail: error.message, headers, cause: error });
  if (error instanceof InvalidKey) return problem(400, 'Not a file name');
  if (error instanceof ChecksumMismatch) return problem(400, 'Checksum mismatch');
  if (error instanceof ObjectNotFound) return problem(404, 'Not found');
  if (error instanceof PreconditionFailed) return problem(412, 'Precondition failed', error.etag === undefined ? {} : { etag: error.etag });
  if (error instanceof ObjectTooLarge) return problem(413, 'Too large', { connection: 'close' });
  if (error instanceof RangeNotSatisfiable) return problem(416, 'Range not satisfiable', { 'content-range': `bytes */${error.size}` });
  return new ServiceUnavailable('the object store', { cause: error });
}
