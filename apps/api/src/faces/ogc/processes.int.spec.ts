import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, request, startTestApi, wide } from '../../testing/test-api.ts';
import type { Client, TestApi } from '../../testing/test-api.ts';

let api: TestApi;
let demo: Client;
beforeAll(async () => {
  api = await startTestApi({ maxRequestBytes: 1024 * 1024 });
  demo = await api.as('demo');
});
afterAll(() => api.close());

const exceptions = 'http://www.opengis.net/def/exceptions';

describe('what needs no token', () => {
  it('landing page, conformance and API definition answer, and their links lead to each other', async () => {
    for (const base of ['/demo/ogc-api', '/ades/demo/ogc-api']) {
      const landing = await request(api.url, 'GET', base);
      expect(landing.status).toBe(200);
      const hrefs = new Map<string, string>(landing.body.links.map((link) => [link.rel, link.href]));
      expect(hrefs.get('self')).toBe(api.url + base);
      const conformance = await request(api.url, 'GET', hrefs.get('http://www.opengis.net/def/rel/ogc/1.0/conformance') ?? '');
      expect(conformance.body.conformsTo).toContain('http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core');
      const definition = await request(api.url, 'GET', hrefs.get('service-desc') ?? '');
      expect(definition.headers.get('content-type')).toBe('application/vnd.oai.openapi+json;version=3.0');
      expect(definition.body.openapi).toBe('3.0.3');
      expect(definition.body.servers).toEqual([{ url: api.url + base }]);
      expect(Object.keys(definition.body.paths)).toContain('/processes/{process}/execution');
    }
  });

  it('links follow the address that a proxy says', async () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hub.example' };
    const landing = await request(api.url, 'GET', '/demo/ogc-api', { headers });
    expect(landing.body.links[0]?.href).toBe('https://hub.example/demo/ogc-api');
    const forged = await request(api.url, 'GET', '/demo/ogc-api', { headers: { 'x-forwarded-host': 'a"b' } });
    expect(forged.body.links[0]?.href).toBe(`${api.url}/demo/ogc-api`);
  });
});

describe('deploy, describe, replace, undeploy', () => {
  it('goes the whole way', async () => {
    const deployed = await demo('POST', '/demo/ogc-api/processes', cwl(wide));
    expect(deployed.status).toBe(201);
    expect(deployed.headers.get('location')).toBe(`${api.url}/demo/ogc-api/processes/wide`);
    expect(deployed.body).toMatchObject({ id: 'wide', title: 'Says many words', version: '1.2.3', mutable: true });
    expect(deployed.body).not.toHaveProperty('inputs');

    const described = await demo('GET', deployed.headers.get('location') ?? '');
    expect(described.body).toMatchObject({
      jobControlOptions: ['async-execute', 'dismiss'],
      inputs: { n: { title: 'Numbers', minOccurs: 1 }, loud: { schema: { type: 'boolean', default: false }, minOccurs: 0 } },
    });
    expect(described.body.links.map((link) => link.rel)).toEqual([
      'self',
      'alternate',
      'http://www.opengis.net/def/rel/ogc/1.0/execute',
      'package',
    ]);

    const twice = await demo('POST', '/demo/ogc-api/processes', cwl(wide));
    expect(twice.status).toBe(409);
    expect(twice.body.type).toBe(`${exceptions}/ogcapi-processes-2/1.0/duplicated-process`);
    expect(twice.headers.get('location')).toBe(`${api.url}/demo/ogc-api/processes/wide`);

    const replaced = await demo('PUT', '/demo/ogc-api/processes/wide', cwl(wide.replace('1.2.3', '2.0.0')));
    expect([replaced.status, replaced.text]).toEqual([204, '']);
    expect((await demo('GET', '/demo/ogc-api/processes/wide/')).body.version).toBe('2.0.0');
    const source = await demo('GET', '/demo/ogc-api/processes/wide/package');
    expect([source.headers.get('content-type'), source.text]).toEqual(['application/cwl+yaml', wide.replace('1.2.3', '2.0.0')]);

    expect((await demo('DELETE', '/demo/ogc-api/processes/wide')).status).toBe(204);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/package'],
      ['POST', '/execution'],
    ] as const) {
      const gone = await demo(method, `/demo/ogc-api/processes/wide${path}`);
      expect([gone.status, gone.body.type]).toEqual([404, `${exceptions}/ogcapi-processes-1/1.0/no-such-process`]);
    }
    expect((await demo('PUT', '/demo/ogc-api/processes/wide', cwl(wide))).status).toBe(404);
    expect((await demo('POST', '/demo/ogc-api/processes', cwl(wide))).status).toBe(201);
    const { rows } = await api.database.pool.query('select revision, deleted_at is null as current from processes order by revision');
    expect(rows).toEqual([
      { revision: 1, current: true },
      { revision: 2, current: false },
      { revision: 3, current: true },
    ]);
  });

  it('of many at the same time one is deployed', async () => {
    const text = wide.replaceAll('wide', 'race');
    const answers = await Promise.all(Array.from({ length: 5 }, () => demo('POST', '/demo/ogc-api/processes', cwl(text))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it('takes CWL as JSON and OGC application packages, by value', async () => {
    const tool = (id: string) => ({ cwlVersion: 'v1.2', class: 'CommandLineTool', id, baseCommand: 'true', inputs: {}, outputs: {} });
    const asJson = await demo('POST', '/demo/ogc-api/processes', cwl(JSON.stringify(tool('plain')), 'application/cwl+json'));
    expect([asJson.status, asJson.body.id]).toEqual([201, 'plain']);
    const unit = {
      processDescription: { process: { title: 'Wrapped' } },
      executionUnit: { value: tool('wrapped'), mediaType: 'application/cwl+json' },
    };
    const wrapped = await demo('POST', '/demo/ogc-api/processes', cwl(JSON.stringify(unit), 'application/ogcapppkg+json'));
    expect([wrapped.status, wrapped.body.id, wrapped.body.title]).toEqual([201, 'wrapped', 'Wrapped']);
    expect((await demo('GET', '/demo/ogc-api/processes/wrapped/package')).body).toEqual(unit);
  });

  it('picks the workflow that is asked for', async () => {
    const two = `cwlVersion: v1.2\n$graph:\n${['one', 'two'].map((id) => `- {class: Workflow, id: ${id}, inputs: {}, outputs: {}, steps: {}}\n`).join('')}`;
    expect((await demo('POST', '/demo/ogc-api/processes?w=two', cwl(two))).body.id).toBe('two');
    expect((await demo('POST', '/demo/ogc-api/processes', cwl(two))).body.id).toBe('one');
    const missing = await demo('POST', '/demo/ogc-api/processes?w=three', cwl(two));
    expect([missing.status, missing.body.type]).toEqual([400, `${exceptions}/ogcapi-processes-2/1.0/workflow-not-found`]);
    expect(missing.body.detail).toContain('one, two');
  });

  it('lists in pages, each process once', async () => {
    const seen: string[] = [];
    let path: string | undefined = '/demo/ogc-api/processes?limit=2';
    while (path !== undefined) {
      const page = await demo('GET', path);
      expect(page.body.processes.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.processes.map(({ id }) => id));
      path = page.body.links.find(({ rel }) => rel === 'next')?.href;
    }
    expect(seen).toEqual(['echo', 'one', 'plain', 'race', 'two', 'wide', 'wrapped']);
    const [first] = (await demo('GET', '/demo/ogc-api/processes?limit=1')).body.processes;
    expect(first).toMatchObject({ id: 'echo', mutable: false, links: [{ rel: 'self' }] });
    expect(first).not.toHaveProperty('inputs');
    expect((await demo('GET', '/demo/ogc-api/processes?limit=none')).status).toBe(400);
    expect((await demo('GET', '/demo/ogc-api/processes?limit=1&limit=3')).body.processes).toHaveLength(3);
  });
});

describe('documents that are refused', () => {
  const stored = async (): Promise<number> => {
    const { rows } = await api.database.pool.query<{ n: number }>('select count(*)::int as n from processes');
    let objects = 0;
    for await (const _ of api.objects.list('demo/')) objects += 1;
    return (rows[0]?.n ?? 0) + objects;
  };

  it.each([
    ['not YAML', 'a: [1, 2', /line \d+, column \d+/],
    ['not CWL', '[1, 2]', /CWL/],
    ['a link of the wrong type', wide.replace('i: n', 'i: loud'), /line \d+, column \d+/],
    ['a missing tool', wide.replace('"#say"', '"#shout"'), /shout/],
    ['a file beside it', wide.replace('"#say"', 'say.cwl'), /not part of what was sent/],
    ['an address', wide.replace('"#say"', 'https://169.254.169.254/say.cwl'), /169\.254\.169\.254 is not a public address/],
    ['an unknown requirement', wide.replace('ScatterFeatureRequirement', 'TeleportRequirement'), /Teleport/],
    ['an id that no address can hold', wide.replaceAll('wide', 'wi de'), /cannot be a process id/],
    ['an alias bomb', bomb(), /values, counting each alias in full|limit/],
  ])('%s', async (_name, text, reason) => {
    const before = await stored();
    const answer = await demo('POST', '/demo/ogc-api/processes', cwl(text));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.detail).toMatch(reason);
    expect(await stored()).toBe(before);
  });

  it('names every place', async () => {
    const { body } = await demo('POST', '/demo/ogc-api/processes', cwl(wide.replace('i: n', 'i: loud').replace('say/word', 'say/wort')));
    expect(body.errors.length).toBeGreaterThanOrEqual(2);
    for (const error of body.errors)
      expect(error).toMatchObject({ line: expect.any(Number), column: expect.any(Number), message: expect.any(String) });
  });

  it('too large: 413, whether the length is announced or not', async () => {
    const large = `# ${'x'.repeat(1024 * 1024)}\n`;
    expect((await demo('POST', '/demo/ogc-api/processes', cwl(large))).status).toBe(413);
    const chunked = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    const init = { body: chunked, duplex: 'half', headers: { 'content-type': 'application/cwl' } } as RequestInit;
    expect((await demo('POST', '/demo/ogc-api/processes', init)).status).toBe(413);
  });

  it('of another media type: 415, also where the process does not exist', async () => {
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', '/null'],
    ] as const) {
      const answer = await demo(method, `/demo/ogc-api/processes${path}`, { body: 'hello', headers: { 'content-type': 'text/plain' } });
      expect([answer.status, answer.body.type]).toEqual([415, `${exceptions}/ogcapi-processes-2/1.0/unsupported-media-type`]);
    }
  });

  it('of another id than the address', async () => {
    const answer = await demo('PUT', '/demo/ogc-api/processes/one', cwl(wide));
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain('"wide"');
  });

  it('a package without a document', async () => {
    const answer = await demo(
      'POST',
      '/demo/ogc-api/processes',
      cwl('{"executionUnit": {"type": "docker", "image": "x"}}', 'application/ogcapppkg+json'),
    );
    expect([answer.status, answer.body.errors[0]?.path]).toEqual([400, 'executionUnit']);
    expect((await demo('POST', '/demo/ogc-api/processes', json({}))).status).toBe(400);
    expect((await demo('POST', '/demo/ogc-api/processes', cwl('{', 'application/ogcapppkg+json'))).status).toBe(400);
  });
});

/** Nine levels of ten aliases each: ten lines that stand for 10⁹ values. */
function bomb(): string {
  const lines = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]'];
  for (let level = 1; level <= 9; level += 1)
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  return lines.join('\n');
}
