import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createLogger, loggerFor } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { Problem } from './problem.ts';
import { runService } from './run-service.ts';
import type { RunningService } from './run-service.ts';
import type { ReadinessCheck } from './health.ts';

@Controller()
class Routes {
  @Get('secret')
  secret(): never {
    throw new Error('hunter2');
  }

  @Get('job')
  job(): never {
    throw new Problem({ status: 404, type: 'urn:no-such-job', title: 'No such job', headers: { 'x-why': 'gone' } });
  }

  @Post('body')
  body(): string {
    return 'ok';
  }
}

@Module({ controllers: [Routes] })
class TestModule {}

let service: RunningService | undefined;
const lines: string[] = [];

afterEach(async () => {
  await service?.close();
  lines.length = 0;
});

async function start(checks = new Map<string, ReadinessCheck>(), onShutdown?: () => Promise<void>): Promise<string> {
  service = await runService({
    name: 'test',
    module: TestModule,
    logger: createLogger({ service: 'test', level: 'info', destination: { write: (line) => void lines.push(line) } }),
    operations: { metrics: createMetrics('test'), checks },
    host: '127.0.0.1',
    port: 0,
    ...(onShutdown ? { onShutdown } : {}),
  });
  return service.url;
}

describe('a service', () => {
  it('says whether it lives and is ready, and why not', async () => {
    const checks = new Map<string, ReadinessCheck>([['postgres', () => Promise.resolve()]]);
    const url = await start(checks);
    expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'live' });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    checks.set('nats', () => Promise.reject(new Error('NATS does not answer')));
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: 'not ready', checks: { postgres: 'ok', nats: 'NATS does not answer' } });
  });

  it('serves its metrics and those of the process', async () => {
    const response = await fetch(`${await start()}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('process_resident_memory_bytes');
  });

  it('answers errors as problems, and keeps its own to the log', async () => {
    const url = await start();
    const job = await fetch(`${url}/job`);
    expect([job.status, job.headers.get('content-type'), job.headers.get('x-why')]).toEqual([404, 'application/problem+json', 'gone']);
    expect(await job.json()).toEqual({ type: 'urn:no-such-job', title: 'No such job', status: 404 });
    expect((await fetch(`${url}/job`, { headers: { accept: 'application/json' } })).headers.get('content-type')).toBe('application/json');
    expect((await fetch(`${url}/nowhere`)).headers.get('content-type')).toBe('application/problem+json');
    const malformed = await fetch(`${url}/body`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
    expect([malformed.status, malformed.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    const secret = await fetch(`${url}/secret`);
    expect(secret.status).toBe(500);
    expect(await secret.text()).not.toContain('hunter2');
    expect(lines.join('')).toContain('hunter2');
  });

  it('closes once, and its connections last', async () => {
    let closed = 0;
    const url = await start(new Map(), async () => void (closed += 1));
    await Promise.all([service?.close(), service?.close()]);
    expect(closed).toBe(1);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  it('rejects where its port is taken', async () => {
    const port = Number(new URL(await start()).port);
    await expect(
      runService({
        name: 'second',
        module: TestModule,
        logger: createLogger({ service: 'x', level: 'silent' }),
        operations: { metrics: createMetrics('x'), checks: new Map() },
        host: '127.0.0.1',
        port,
      }),
    ).rejects.toThrow(/EADDRINUSE/);
  });
});

describe('logs', () => {
  it('are JSON lines with run, step and trace id', () => {
    const logger = createLogger({ service: 'executor', level: 'info', destination: { write: (line) => void lines.push(line) } });
    loggerFor(logger, { run: 'r1', step: 'tile[3]', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }).warn(
      { error: new Error('boom') },
      'odd',
    );
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      service: 'executor',
      run: 'r1',
      step: 'tile[3]',
      trace: 'a'.repeat(32),
      message: 'odd',
      error: { type: 'Error', message: 'boom' },
    });
  });
});

describe('crash points', () => {
  const source = fileURLToPath(new URL('./crash-points.ts', import.meta.url));
  const script = `import { crashPoint } from ${JSON.stringify(source)}; for (const n of [1, 2, 3]) { crashPoint('a'); crashPoint('b'); console.log(n); }`;

  async function run(at: string): Promise<{ signal: unknown; output: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { env: { ...process.env, RUNNEL_CRASH_AT: at } });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const [, signal] = (await once(child as EventEmitter, 'close')) as [number | null, string | null];
    return { signal, output };
  }

  it('kill the process at the n-th pass, before anything else happens', async () => {
    expect(await run('b:2')).toEqual({ signal: 'SIGKILL', output: '1\n' });
    expect(await run('a')).toEqual({ signal: 'SIGKILL', output: '' });
  });

  it('do nothing otherwise', async () => {
    expect(await run('')).toEqual({ signal: null, output: '1\n2\n3\n' });
    expect(await run('c')).toEqual({ signal: null, output: '1\n2\n3\n' });
  });
});
