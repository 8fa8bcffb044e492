import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { namespaceOf, StagedAttempt } from '@runnel/kube-pod';
import { isUnavailable, type Logger } from '@runnel/service';
import { z } from 'zod';
import type { AttemptId } from '../steps/attempt.ts';
import { podName } from './keys.ts';
import { StagingRefused, type StagingAnswers } from './staging-answers.ts';
import type { TokenSubject } from './verify-token.ts';

interface ServerPorts {
  host: string;
  port: number;
  verify: (token: string) => Promise<TokenSubject | undefined>;
  answers: (id: AttemptId) => StagingAnswers;
  logger: Logger;
}

const mostBytes = 64 * 1024 * 1024;
/** Milliseconds for a whole request to arrive. */
const arrival = 60_000;
const calls = ['plan', 'urls', 'collect'] as const;
const Called = z.object({ attempt: StagedAttempt });

/** Where pods ask for their plan, for addresses and what to keep: `POST /staging/v1/…`. A token is good for the attempt of its own pod only. */
export async function startStagingServer(ports: ServerPorts): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: arrival, maxHeaderSize: 16 * 1024 }, (request, response) => {
    answer(request, ports).then(
      (body) => reply(response, 200, body),
      (error: unknown) => refuse(response, error, ports.logger),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(ports.port, ports.host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Denied extends Error {
  override readonly name = 'Denied';
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

async function answer(request: IncomingMessage, { verify, answers }: ServerPorts): Promise<unknown> {
  const call = calls.find((name) => request.url === `/staging/v1/${name}`);
  if (call === undefined || request.method !== 'POST') throw new Denied(404, 'there is no such call');
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const subject = token === undefined ? undefined : await verify(token);
  if (subject === undefined) throw new Denied(401, 'a token of this cluster, bound to a pod, for the audience of staging is needed');
  const body = await readBody(request);
  const { attempt } = Called.parse(body);
  if (subject.namespace !== namespaceOf(attempt.workspace) || subject.pod !== podName(attempt))
    throw new Denied(403, `the token is that of pod ${subject.namespace}/${subject.pod}, which is not this attempt's`);
  return answers(attempt)[call](body);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) throw new Denied(413, `a call has at most ${mostBytes} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    throw new Denied(400, 'the body is no JSON');
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, error: unknown, logger: Logger): void {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof Denied) return reply(response, error.status, { status: error.status, detail });
  if (error instanceof StagingRefused) return reply(response, 403, { status: 403, detail });
  if (error instanceof z.ZodError) return reply(response, 400, { status: 400, detail: z.prettifyError(error) });
  if (!isUnavailable(error)) logger.error({ error }, 'a staging call could not be answered');
  reply(response, 503, { status: 503, detail: 'it cannot be answered now' });
}
