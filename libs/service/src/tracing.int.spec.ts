import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { currentTraceparent, inConsumerSpan, startTracing } from './tracing.ts';

const traceId = 'a'.repeat(32);
const traceparent = `00-${traceId}-${'b'.repeat(16)}-01`;
let collector: Server;
const bodies: string[] = [];

beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString('latin1')));
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});

afterAll(() => new Promise((resolve) => collector.close(resolve)));

describe('tracing', () => {
  it('costs nothing and changes nothing where no endpoint is set', async () => {
    const stop = await startTracing('test', {});
    const inside = await inConsumerSpan('on x', traceparent, {}, () => currentTraceparent());
    expect(inside).toBeUndefined();
    await stop();
  });

  it('continues the trace of a message into those that follow from it, and sends the span', async () => {
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
    const stop = await startTracing('test', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    const next = await inConsumerSpan('on step.finished', traceparent, {}, () => currentTraceparent());
    expect(next).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(next).not.toBe(traceparent);
    await expect(inConsumerSpan('on x', undefined, {}, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    await stop();
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    expect(bodies.some((body) => body.startsWith('/v1/traces') && body.includes('on step.finished'))).toBe(true);
  });
});
