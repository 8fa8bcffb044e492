import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scopes } from '@runnel/access';
import { controllers } from './api-module.ts';
import { routesOf } from './http/open-api.ts';
import type { DescribedRoute } from './http/open-api.ts';
import { cwl, json, request, startTestApi, wide } from './testing/test-api.ts';
import type { Answer, TestApi } from './testing/test-api.ts';

/** Each route of the route list with each kind of bad input: an answer that is no fault of ours, and a problem object where it is a refusal. */
let api: TestApi;
let authorization: string;
let run: string;

beforeAll(async () => {
  api = await startTestApi({ maxRequestBytes: 100_000 });
  authorization = `Bearer ${await api.token('demo', scopes)}`;
  const headers = { authorization, 'content-type': 'application/cwl+yaml' };
  expect((await request(api.url, 'POST', '/demo/ogc-api/processes', { ...cwl(wide), headers })).status).toBe(201);
  const accepted = await send('POST', '/demo/ogc-api/processes/wide/execution', json({ inputs: { n: [1] } }));
  run = accepted.body.jobID;
});
afterAll(() => api.close());

const send = (method: string, path: string, init: Parameters<typeof request>[3] = {}): Promise<Answer> =>
  request(api.url, method, path, { ...init, headers: { ...init.headers, authorization } });

const routes = routesOf(controllers).filter(({ path }) => !path.startsWith('/ades/'));
const named = (list: readonly DescribedRoute[]) => list.map((route) => [`${route.method} ${route.path}`, route] as const);

/** What is there, so that a request comes as far as its bad part. Followers of events never end: there they follow nothing. */
const present = (path: string): Record<string, string> => ({
  workspace: 'demo',
  process: 'wide',
  run: path.endsWith('/events') ? 'none' : run,
  job: run,
  step: 'say%5B0%5D',
  output: 'all',
  token: run,
  letter: '1',
  '*': 'a.txt',
});
const pathOf = (path: string, more: Record<string, string> = {}): string =>
  path.replaceAll(/:(\w+)|\*/g, (text, name: string | undefined) => ({ ...present(path), ...more })[name ?? text] ?? text);

function expectProblem(answer: Answer, what: string): void {
  if (answer.status < 400) return;
  expect([what, answer.status, answer.headers.get('content-type')]).toEqual([what, answer.status, 'application/problem+json']);
  expect(answer.body).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status: answer.status,
    detail: expect.any(String),
  });
  // 503 is for what is away: nothing is.
  expect([what, answer.status < 500, answer.text.slice(0, 300)]).toEqual([what, true, answer.text.slice(0, 300)]);
}

const names = [
  '%00',
  'a%00b',
  '%F0%9F%8C%8D',
  '%2e%2e%2f',
  '..%5c',
  "'%3B--",
  '%22%3E%3Cscript%3E',
  'x'.repeat(3000),
  '%ff',
  '%ed%a0%80',
  '-1',
  'null',
];

describe('names in the path', () => {
  it.each(named(routes.filter(({ path }) => /[:*]/.test(path))))('%s', async (_name, { method, path }) => {
    const parameters = [...path.matchAll(/:(\w+)|\*/g)].map(([text, name]) => name ?? text);
    for (const parameter of parameters) {
      for (const bad of names) {
        const answer = await send(method, pathOf(path, { [parameter]: bad }));
        expectProblem(answer, `${method} ${path}, ${parameter}=${bad.slice(0, 20)}`);
      }
    }
  });
});

describe('queries', () => {
  it.each(named(routes.filter(({ about }) => about.query !== undefined)))('%s', async (_name, { method, path, about }) => {
    for (const name of [...Object.keys(about.query?.shape ?? {}), 'unknown']) {
      for (const bad of ['', '%00', 'x'.repeat(5000), '%F0%9F%8C%8D', '-1', '1e99', '[]', '{}', 'null', '%ff', '2026-13-45T99:00:00Z']) {
        for (const query of [`${name}=${bad}`, `${name}=1&${name}=${bad}`, `${name}[a]=${bad}`]) {
          expectProblem(await send(method, `${pathOf(path)}?${query}`), `${method} ${path}?${query.slice(0, 30)}`);
        }
      }
    }
  });
});

const bodies: [what: string, type: string, body: string | Buffer][] = [
  ['nothing', 'application/json', ''],
  ['no type', '', '{}'],
  ['another type', 'application/x-www-form-urlencoded', 'a=1'],
  ['a type that is none', 'nonsense', '{}'],
  ['half an object', 'application/json', '{"inputs": '],
  ['a list', 'application/json', '[]'],
  ['null', 'application/json', 'null'],
  ['a number', 'application/json', '1'],
  ['a key twice', 'application/json', '{"inputs": {}, "inputs": {}}'],
  ['a null byte', 'application/json', Buffer.from('{"inputs": {"n": "\0"}}')],
  ['a null character', 'application/json', '{"inputs": {"n": "\\u0000"}, "name": "\\u0000", "response": "\\u0000"}'],
  ['half a character', 'application/json', '{"inputs": {"n": "\\ud800"}, "name": "\\ud800"}'],
  ['no UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22])],
  ['a prototype', 'application/json', '{"__proto__": {"inputs": 1}, "inputs": {"__proto__": {"n": 1}, "constructor": 1}}'],
  ['unknown members', 'application/json', '{"inputs": {"n": [1]}, "colour": "red"}'],
  [
    'wrong members',
    'application/json',
    '{"inputs": 1, "outputs": 1, "response": 1, "name": 1, "scopes": 1, "executionUnit": 1, "process": 1}',
  ],
  ['empty members', 'application/json', '{"inputs": null, "outputs": null, "name": "", "scopes": [], "executionUnit": [], "process": ""}'],
  ['nested without end', 'application/json', `{"inputs": {"n": ${'['.repeat(20_000)}${']'.repeat(20_000)}}}`],
  ['numbers without end', 'application/json', `{"inputs": {"n": [1e999, ${'9'.repeat(1000)}]}}`],
  ['long names', 'application/json', JSON.stringify({ inputs: { ['n'.repeat(50_000)]: 1 }, outputs: { ['n'.repeat(20_000)]: {} } })],
  ['too much', 'application/json', JSON.stringify({ inputs: { n: 'x'.repeat(200_000) } })],
  ['a document with a null character', 'application/cwl+yaml', wide.replaceAll('wide', 'zero').replace('Says many words', '"\\0"')],
  ['no document', 'application/cwl', '\0'],
  ['a package of nothing', 'application/ogcapppkg+json', '{"executionUnit": {"href": "http://127.0.0.1:1/#%zz"}}'],
];

/** Answers in the words of OAuth (RFC 6749, 5.2), which knows no problems. */
const isExchange = ({ about }: { about: { action: string } }): boolean => about.action === 'token.exchange';

describe('bodies', () => {
  it.each(named(routes.filter(isExchange)))('%s', async (_name, { method, path }) => {
    for (const [what, type, body] of bodies) {
      const answer = await send(method, pathOf(path), { body, headers: type === '' ? {} : { 'content-type': type } });
      const found = [what, answer.status, answer.headers.get('content-type')?.split(';')[0]];
      const oauth = [what, 400, 'application/json'];
      // What is no text at all, of no type, or too much of it, is refused before.
      expect([oauth, ...[400, 413, 415].map((status) => [what, status, 'application/problem+json'])]).toContainEqual(found);
    }
  });

  it.each(named(routes.filter((route) => route.about.body !== undefined && !isExchange(route))))('%s', async (_name, { method, path }) => {
    for (const [what, type, body] of bodies) {
      const answer = await send(method, pathOf(path), { body, headers: type === '' ? {} : { 'content-type': type } });
      expectProblem(answer, `${method} ${path}: ${what}`);
      // Files are whatever they are; the EODH face makes a run of inputs that do not fit, and the run says why it failed. All else is refused.
      if (!path.startsWith('/workspaces/') && !path.startsWith('/api/catalogue/'))
        expect([what, answer.status >= 400]).toEqual([what, true]);
    }
  });
});

it('headers that make no sense', async () => {
  for (const [name, value] of [
    ['prefer', 'wait=99999999999999999999, ;;,=, respond-async=1'],
    ['accept', ';;;q=x, text/html;q=NaN, */'],
    ['range', 'bytes=9-1'],
    ['if-none-match', '"'],
    ['traceparent', '00-zz'],
    ['last-event-id', '-1'],
    ['x-forwarded-host', '"><script>'],
    ['content-length', '5'],
  ] as const) {
    for (const path of ['/demo/ogc-api', '/demo/ogc-api/jobs', '/workspaces/demo/files/a.txt'])
      expectProblem(await send('GET', path, name === 'content-length' ? {} : { headers: { [name]: value } }), `${name} ${path}`);
  }
});
