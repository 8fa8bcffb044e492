import { describe, expect, it } from '@jest/globals';
import { BadRequestException, NotFoundException } from '@nestjs/common';
import { z } from 'zod';
import { Problem, toProblem } from './problem.ts';
import { isUnavailable, ServiceUnavailable } from './unavailable.ts';

describe('toProblem', () => {
  it('renders a problem as it is', () => {
    const problem = new Problem({
      status: 404,
      type: 'urn:x',
      title: 'No such job',
      detail: 'job 7',
      extra: { job: '7' },
      headers: { 'x-a': 'b' },
    });
    expect(toProblem(problem)).toBe(problem);
    expect(problem.body()).toEqual({ type: 'urn:x', title: 'No such job', status: 404, detail: 'job 7', job: '7' });
  });

  it('names the path of what does not fit', () => {
    const { error } = z.object({ inputs: z.object({ bands: z.array(z.string()) }) }).safeParse({ inputs: { bands: ['a', 7] } });
    expect(toProblem(error).body()).toEqual({
      type: 'about:blank',
      title: 'Invalid request',
      status: 400,
      detail: 'inputs.bands[1]: Invalid input: expected string, received number',
      errors: [{ path: 'inputs.bands[1]', message: 'Invalid input: expected string, received number' }],
    });
  });

  it("takes Nest's and Fastify's own errors", () => {
    expect(toProblem(new NotFoundException('nothing at /x')).body()).toMatchObject({
      status: 404,
      title: 'Not found',
      detail: 'nothing at /x',
    });
    expect(toProblem(new BadRequestException(['a is missing', 'b too'])).body()).toMatchObject({
      status: 400,
      detail: 'a is missing; b too',
    });
    expect(toProblem(Object.assign(new Error('Request body is too large'), { statusCode: 413 })).body()).toMatchObject({
      status: 413,
      title: 'Too large',
    });
  });

  it('does not tell what went wrong on our side', () => {
    const body = JSON.stringify(toProblem(new Error('password=hunter2')).body());
    expect(toProblem(new Error('x')).status).toBe(500);
    expect(body).not.toContain('hunter2');
    expect(toProblem('thrown text').status).toBe(500);
  });

  it.each([
    ['a service that says so', new ServiceUnavailable('NATS', { retryAfter: 7 }), 'NATS is not available; try again in 7 s', '7'],
    [
      'Postgres shutting down',
      Object.assign(new Error('terminating'), { code: '57P01' }),
      'Postgres is not available; try again in 2 s',
      '2',
    ],
    [
      'a refused connection, wrapped',
      new Error('query failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
      'a service is not available; try again in 2 s',
      '2',
    ],
    [
      'an error of a driver in TypeORM',
      Object.assign(new Error('x'), { driverError: Object.assign(new Error('x'), { code: '08006' }) }),
      'Postgres is not available; try again in 2 s',
      '2',
    ],
    ['a full disk', Object.assign(new Error('x'), { code: 'ENOSPC' }), 'a service is not available; try again in 2 s', '2'],
  ])('answers 503 with Retry-After for %s', (_what, error, detail, retryAfter) => {
    expect(isUnavailable(error)).toBe(true);
    const problem = toProblem(error);
    expect({ status: problem.status, detail: problem.detail, headers: problem.headers }).toEqual({
      status: 503,
      detail,
      headers: { 'retry-after': retryAfter },
    });
  });

  it('does not take a fault of the statement for an outage', () => {
    expect(isUnavailable(Object.assign(new Error('duplicate key'), { code: '23505' }))).toBe(false);
    expect(isUnavailable(new Error('boom'))).toBe(false);
  });
});
