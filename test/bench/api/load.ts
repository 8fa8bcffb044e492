import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface LoadResult {
  /** Answers a second. */
  rate: number;
  /** Milliseconds, one for each answer. */
  latencies: number[];
  /** Last part of each answer's `Location`. */
  made: string[];
}

export interface Request {
  method: 'GET' | 'POST';
  port: number;
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** Status that an answer must have. */
  expect: number;
}

/** The same request over and over on so many connections, one at a time on each, for so many seconds. Throws at the first other status. */
export async function load(request: Request, connections: number, seconds: number): Promise<LoadResult> {
  const latencies: number[] = [];
  const made: string[] = [];
  const text = bytesOf(request);
  const begun = performance.now();
  const until = begun + seconds * 1000;
  const one = async (): Promise<void> => {
    let socket: Socket | undefined;
    let answers: AsyncGenerator<Answer> | undefined;
    try {
      while (performance.now() < until) {
        const sent = performance.now();
        socket ??= connect(request.port, '127.0.0.1').setNoDelay();
        answers ??= answersOf(socket);
        socket.write(text);
        const { value: answer } = (await answers.next()) as { value: Answer | undefined };
        if (!answer) throw new Error(`${request.path}: the connection was closed`);
        latencies.push(performance.now() - sent);
        if (answer.status !== request.expect)
          throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.body.slice(0, 300)}`);
        if (answer.made !== undefined) made.push(answer.made);
        if (!answer.closes) continue;
        // A new connection is part of the time, as it is for its clients.
        socket.destroy();
        socket = answers = undefined;
      }
    } finally {
      socket?.destroy();
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { rate: latencies.length / ((performance.now() - begun) / 1000), latencies, made };
}

function bytesOf({ method, path, port, headers, body = '' }: Request): Buffer {
  const all: Record<string, string> = { host: `127.0.0.1:${port}`, ...headers };
  if (method === 'POST') all['content-length'] = String(Buffer.byteLength(body));
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

interface Answer {
  status: number;
  made: string | undefined;
  /** The other side closes the connection after it. */
  closes: boolean;
  body: string;
}

/** The answers on a connection. Not by an HTTP client: it would take more of the two cores than what is measured. */
async function* answersOf(socket: Socket): AsyncGenerator<Answer> {
  let read = '';
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) {
    read += chunk;
    for (let found = firstAnswer(read); found; found = firstAnswer(read)) {
      read = read.slice(found.length);
      yield found.answer;
    }
  }
}

/** Undefined while it is not complete. */
function firstAnswer(read: string): { answer: Answer; length: number } | undefined {
  const end = read.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = read.slice(0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const made = /\r\nlocation: *[^\r]*\/([^\r/?]+)/.exec(head)?.[1];
  const closes = /\r\nconnection: *close/.test(head);
  const from = end + 4;
  const size = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (size !== undefined) {
    const length = from + Number(size);
    return read.length < length ? undefined : { answer: { status, made, closes, body: read.slice(from, length) }, length };
  }
  const last = read.indexOf('\r\n0\r\n\r\n', end);
  return last < 0 ? undefined : { answer: { status, made, closes, body: read.slice(from, last) }, length: last + 7 };
}
