import { expect } from '@jest/globals';
import { execute, mapOf, partsOf, send, untilEnded } from './client.ts';
import { exceptions, expectException, expectJson, expectStatusInfo } from './expectations.ts';
import type { Rule } from './service-rules.ts';

const message = 'teststring';
const inputs = { message };
const all = { message: { transmissionMode: 'value' }, count: { transmissionMode: 'value' } };
const tiff = 'image/tiff; application=geotiff';
const crs = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';

/** Execute requests, by every way in which they can be put, and every way in which they are answered. */
export const executionRules: Readonly<Record<string, Rule>> = {
  '/conf/core/job-creation-default-execution-mode': async (subject) => {
    const answer = await execute(subject, { inputs, outputs: all });
    expect(answer.status).toBe(200);
    // A Link header without rel=monitor, or in angle brackets, is a fault for the official suite.
    expect(answer.headers.get('link')).toBeNull();
  },

  '/conf/core/job-creation-auto-execution-mode': async (subject) => {
    const answer = await execute(subject, { inputs, outputs: all }, 'respond-async ');
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([201, 'respond-async']);
    const waited = await execute(subject, { inputs, response: 'document' }, 'wait=30');
    expect([waited.status, waited.headers.get('preference-applied')]).toEqual([200, 'wait=30']);
    const late = await execute(subject, { inputs: { message, pause: 3 } }, 'wait=1');
    expect(late.status).toBe(201);
  },

  '/conf/core/job-creation-success-async': async (subject) => {
    const answer = await execute(subject, { inputs, outputs: all }, 'respond-async');
    const { jobID } = expectStatusInfo(expectJson(answer, 201));
    expect(answer.headers.get('location')).toBe(`${subject.base}/jobs/${String(jobID)}`);
    expectStatusInfo(expectJson(await send(subject, answer.headers.get('location') ?? '')));
  },

  '/conf/core/job-creation-default-outputs': async (subject) => {
    for (const outputs of [undefined, {}]) {
      const answer = await execute(subject, { inputs: { message, count: 2, flag: false }, ...(outputs && { outputs }) });
      expect([answer.status, [...partsOf(answer).keys()]]).toEqual([200, ['message', 'count', 'flag']]);
    }
  },

  '/conf/core/job-creation-input-inline': async (subject) => {
    const given = { message: 'ä\u{1f30d}\n"', number: -1.5e10, count: 3, flag: true, time: '2026-01-02T03:04:05Z', numbers: [1, 2, 3] };
    const answer = await execute(subject, { inputs: given, response: 'document' });
    expect(expectJson(answer)).toEqual(given);
  },

  '/conf/core/job-creation-input-array': async (subject) => {
    for (const [measures, read] of [
      [
        [1, 2.5],
        [1, 2.5],
      ],
      [7, [7]],
    ] as const) {
      const answer = await execute(subject, { inputs: { message, measures }, response: 'document' });
      expect(expectJson(answer)['measures']).toEqual(read);
    }
    const numbers = await execute(subject, { inputs: { message, numbers: [1, 2, 3] }, outputs: { numbers: {} } });
    expect([numbers.status, numbers.type, numbers.text]).toEqual([200, 'application/json', '[1,2,3]']);
  },

  '/conf/core/job-creation-input-inline-bbox': async (subject) => {
    const area = { bbox: [51.9, 7, 52, 7.1], crs };
    const answer = await execute(subject, { inputs: { message, area }, outputs: { area: {} } });
    expect(expectJson(answer)).toEqual(area);
    const bare = await execute(subject, { inputs: { message, area: { bbox: area.bbox } }, outputs: { area: {} } });
    expect(expectJson(bare)).toEqual(area);
    expectException(await execute(subject, { inputs: { message, area: { bbox: [1] } } }), 400);
  },

  '/conf/core/job-creation-input-binary': async (subject) => {
    const image = { value: 'AAECAw==', format: { mediaType: tiff, encoding: 'base64' } };
    const answer = await execute(subject, { inputs: { message, image }, response: 'document' });
    expect(expectJson(answer)['image']).toEqual({ value: 'AAECAw==', mediaType: tiff, encoding: 'base64' });
    const raw = await execute(subject, { inputs: { message, image }, outputs: { image: {} } });
    expect([raw.headers.get('content-type'), raw.text]).toEqual([tiff, '\0\x01\x02\x03']);
  },

  '/conf/core/job-creation-input-ref': async (subject) => {
    const image = { href: 'https://data.example/image.tif', format: { mediaType: tiff } };
    const answer = await execute(subject, { inputs: { message, image }, outputs: { ...all, image: {} } });
    expect(partsOf(answer).get('image')).toEqual({ type: tiff, location: image.href, body: '' });
    expect(partsOf(answer).get('message')?.body).toBe(message);
  },

  '/conf/core/job-creation-input-inline-mixed': async (subject) => {
    const request = { inputs: { message: { value: message }, image: { value: 'AAAA', mediaType: 'image/png' } }, response: 'document' };
    expect(expectJson(await execute(subject, request))).toMatchObject({ message, image: { mediaType: 'image/png' } });
  },

  '/conf/core/job-creation-input-validation': async (subject) => {
    for (const [id, value] of Object.entries({
      message: 1,
      count: 'one',
      numbers: ['a'],
      image: { type: 'wrong/type' },
      unknown: 1,
      pause: 1e9,
    })) {
      const { detail } = expectException(await execute(subject, { inputs: { message, [id]: value } }), 400);
      expect(detail).toContain(id);
    }
    expectException(await execute(subject, { 'invalid-execute-request': 'true' }), 400);
    expectException(await execute(subject, { inputs, outputs: { unknown: {} } }), 400, `${exceptions}/no-such-output`);
  },

  '/conf/core/job-creation-sync-raw-value-one': async (subject) => {
    const answer = await execute(subject, { inputs, outputs: { message: all.message }, response: 'raw' });
    expect([answer.status, answer.type, answer.text]).toEqual([200, 'text/plain', message]);
  },

  '/conf/core/job-creation-sync-raw-value-multi': async (subject) => {
    const answer = await execute(subject, { inputs: { message, count: 1 }, outputs: all, response: 'raw' });
    expect([answer.status, answer.type]).toEqual([200, 'multipart/related']);
    expect(answer.text).toMatch(/^--/);
    expect([...partsOf(answer)]).toEqual([
      ['message', { type: 'text/plain', body: message }],
      ['count', { type: 'application/json', body: '1' }],
    ]);
  },

  '/conf/core/job-creation-sync-raw-ref': async (subject) => {
    const outputs = { message: { transmissionMode: 'reference' } };
    const answer = await execute(subject, { inputs, outputs, response: 'raw' });
    expect([answer.status, answer.text]).toEqual([204, '']);
    const [, href = ''] = /^<([^>]+)>; rel="message"/.exec(answer.headers.get('link') ?? '') ?? [];
    expect((await send(subject, href)).text).toBe(message);
  },

  '/conf/core/job-creation-sync-raw-mixed-multi': async (subject) => {
    const outputs = { message: all.message, count: { transmissionMode: 'reference' } };
    const parts = partsOf(await execute(subject, { inputs: { message, count: 4 }, outputs, response: 'raw' }));
    expect(parts.get('message')?.body).toBe(message);
    expect(parts.get('count')?.body).toBe('');
    expect((await send(subject, parts.get('count')?.location ?? '')).text).toBe('4');
  },

  '/conf/core/job-creation-sync-document': async (subject) => {
    const outputs = { message: all.message, count: { transmissionMode: 'reference' } };
    const answer = await execute(subject, { inputs: { message, count: 4 }, outputs, response: 'document' });
    const document = expectJson(answer);
    expect(document).toEqual({ message, count: { href: expect.any(String), type: 'application/json' } });
    expect((await send(subject, String(mapOf(document['count'])['href']))).text).toBe('4');
  },

  '/conf/core/job-results-async (raw and document)': async (subject) => {
    const reference = { transmissionMode: 'reference' };
    for (const [request, type, body] of [
      [{ outputs: { message: {} }, response: 'raw' }, 'text/plain', message],
      [{ outputs: all, response: 'raw' }, 'multipart/related', message],
      [{ outputs: { message: reference }, response: 'raw' }, '', ''],
      [{ outputs: all, response: 'document' }, 'application/json', `{"message":"${message}"}`],
    ] as const) {
      const accepted = await execute(subject, { inputs, ...request }, 'respond-async');
      const job = accepted.headers.get('location') ?? '';
      expect((await untilEnded(subject, job))['status']).toBe('successful');
      // As the official suite asks, which names no media type.
      const results = await send(subject, `${job}/results`, { headers: { accept: '*/*' } });
      expect([results.type, results.text]).toEqual([type, expect.stringContaining(body)]);
      expect(results.headers.get('link') === null).toBe(request.outputs.message !== reference);
    }
  },
};
