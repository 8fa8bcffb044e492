import type { IncomingMessage } from 'node:http';
import { Problem } from '@runnel/service';

/** Bytes a second that a body must bring on average. */
const slowest = 1024;

/**
 * Gives a body up whose sender lets others wait: in each span of `patience` seconds it has to bring a KiB a second, unless it is we who do not read.
 * Its reader gets a problem (408); where nobody reads, the connection ends.
 */
export function watchPace(body: IncomingMessage, patience: number): void {
  const { socket } = body;
  let before = socket.bytesRead;
  const timer = setInterval(() => {
    const brought = socket.bytesRead - before;
    before = socket.bytesRead;
    const waitsForUs = body.readableLength >= body.readableHighWaterMark;
    if (waitsForUs || brought >= slowest * patience) return;
    clearInterval(timer);
    if (body.listenerCount('error') === 0) socket.destroy();
    else body.emit('error', tooSlow(patience));
  }, patience * 1000);
  const stop = (): void => clearInterval(timer);
  body.once('end', stop).once('close', stop).once('error', stop);
}

/** A body that is packed would be small on the way and large here: none is unpacked, so none is taken. */
export function refusePacked({ headers }: IncomingMessage): Problem | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return undefined;
  const detail = `the body is packed (Content-Encoding: ${encoding.slice(0, 40)}); send it as it is`;
  return new Problem({
    status: 415,
    title: 'Unsupported media type',
    detail,
    headers: { 'accept-encoding': 'identity', connection: 'close' },
  });
}

function tooSlow(patience: number): Problem {
  const detail = `the body came too slowly: less than ${slowest} bytes a second for ${patience} s`;
  return new Problem({ status: 408, title: 'Request timeout', detail, headers: { connection: 'close' } });
}
