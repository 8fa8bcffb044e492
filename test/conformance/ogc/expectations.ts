import { expect } from '@jest/globals';
import type { Answer, Data, Link } from './client.ts';
import { isData, json } from './client.ts';

export const exceptions = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0';
export const ogcRel = 'http://www.opengis.net/def/rel/ogc/1.0';

/** A link of this relation, which is there. */
export function linkOf(answer: Answer, rel: string): Link {
  const found = answer.links().find((link) => link.rel === rel);
  if (!found)
    throw new Error(
      `there is no link ${rel}; there are ${answer
        .links()
        .map((link) => link.rel)
        .join(', ')}`,
    );
  expect(found.href).toMatch(/^https?:\/\//);
  return found;
}

export function expectJson(answer: Answer, status = 200): Data {
  expect([answer.status, answer.type]).toEqual([status, json]);
  expect(answer.headers.get('content-type')).toBe(json);
  return answer.json();
}

/** exception.yaml (RFC 7807), as plain JSON for who asked for JSON only. */
export function expectException(answer: Answer, status: number, type?: string): Data {
  const body = expectJson(answer, status);
  expect(body).toMatchObject({ type: expect.any(String), title: expect.any(String), status, detail: expect.any(String) });
  if (type !== undefined) expect(body['type']).toBe(type);
  return body;
}

/** statusInfo.yaml. */
export function expectStatusInfo(value: unknown): Data {
  if (!isData(value)) throw new Error('expected a status');
  expect(value).toMatchObject({ jobID: expect.any(String), type: 'process', processID: 'echo', message: expect.any(String) });
  expect(value['status']).toMatch(/^(accepted|running|successful|failed|dismissed)$/);
  expect(value['id']).toBe(value['jobID']);
  for (const name of ['created', 'started', 'finished', 'updated'])
    if (value[name] !== undefined) expect(new Date(value[name] as string).toISOString()).toBe(value[name]);
  const { progress } = value;
  if (progress !== undefined) expect(Number.isInteger(progress) && Number(progress) >= 0 && Number(progress) <= 100).toBe(true);
  return value;
}

/** processSummary.yaml. */
export function expectSummary(value: unknown): Data {
  if (!isData(value)) throw new Error('expected a process');
  expect(value).toMatchObject({
    id: expect.any(String),
    version: expect.any(String),
    mutable: expect.any(Boolean),
    links: expect.any(Array),
  });
  for (const option of value['jobControlOptions'] as unknown[]) expect(['sync-execute', 'async-execute', 'dismiss']).toContain(option);
  for (const mode of value['outputTransmission'] as unknown[]) expect(['value', 'reference']).toContain(mode);
  return value;
}
