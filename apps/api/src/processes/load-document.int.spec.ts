import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testLogger } from '@runnel/testing';
import { wide } from '../testing/test-api.ts';
import { openDocumentLoader } from './load-document.ts';
import type { DocumentLoader, LoaderOptions, LoadOutcome } from './load-document.ts';

let loader: DocumentLoader | undefined;
const open = (more: Partial<LoaderOptions> = {}): DocumentLoader =>
  (loader = openDocumentLoader({ hosts: [], logger: testLogger(), ...more }));
afterEach(() => loader?.close());

const reasons = (outcome: LoadOutcome): string =>
  outcome.kind === 'refused' ? outcome.diagnostics.map(({ message }) => message).join('; ') : outcome.kind;

it('the same document has the same digest', async () => {
  const opened = open();
  const [one, two] = await Promise.all([opened.load({ text: wide }), opened.load({ text: `# remark\n${wide}` })]);
  expect(one).toMatchObject({ kind: 'loaded', entry: 'wide', digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(two).toMatchObject({ digest: one?.kind === 'loaded' ? one.digest : '' });
});

it('a document that takes too long ends with its thread; the next one is loaded', async () => {
  const opened = open({ timeout: 1 });
  const large = `a: [${'{b: [1, {c: d}]}, '.repeat(200_000)}]`;
  expect(reasons(await opened.load({ text: large }))).toMatch(/takes more than 0.001 s/);
  await loader?.close();
  const patient = open();
  expect((await patient.load({ text: wide })).kind).toBe('loaded');
});

it('the event loop goes on while a document of megabytes is read', async () => {
  const opened = open();
  await opened.load({ text: wide });
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const steps = Array.from(
    { length: 20_000 },
    (_, i) => `- {class: CommandLineTool, id: t${i}, baseCommand: [echo, "${'x'.repeat(20)}"], inputs: {}, outputs: {}}`,
  );
  const outcome = await opened.load({ text: `cwlVersion: v1.2\n$graph:\n${steps.join('\n')}` });
  clearInterval(timer);
  expect(outcome.kind).toBe('refused');
  expect(turns).toBeGreaterThan(10);
});

describe('addresses', () => {
  let server: Server;
  let host: string;
  const asked: string[] = [];
  beforeAll(async () => {
    const answers: Record<string, [number, string, string?]> = {
      '/app.cwl': [200, wide.replace('"#say"', 'say.cwl')],
      '/say.cwl': [
        200,
        `{cwlVersion: v1.2, ${wide
          .slice(wide.indexOf('- class: CommandLineTool') + 2)
          .replaceAll('\n  ', '\n')
          .trim()
          .split('\n')
          .join(',\n')}}`,
      ],
      '/away.cwl': [302, '', 'http://127.0.0.1:9/app.cwl'],
      '/moved.cwl': [302, '', '/app.cwl'],
      '/loop.cwl': [302, '', '/loop.cwl'],
      '/large.cwl': [200, ' '.repeat(11 * 1024 * 1024)],
    };
    server = createServer((request, response) => {
      asked.push(request.headers.authorization ?? '');
      const [status, body, location] = answers[request.url ?? ''] ?? [404, ''];
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it.each(['app.cwl', 'moved.cwl'])('%s is fetched from an allowed host, with what it refers to', async (path) => {
    const outcome = await open({ hosts: [host] }).load({ address: `http://${host}/${path}` });
    expect(reasons(outcome)).toBe('loaded');
    expect(outcome).toMatchObject({ entry: 'wide', source: wide.replace('"#say"', 'say.cwl') });
    expect(asked.every((authorization) => authorization === '')).toBe(true);
  });

  it.each([
    ['away.cwl', /127\.0\.0\.1:9 is not a public address/],
    ['loop.cwl', /redirects more than/],
    ['none.cwl', /answers 404/],
    ['large.cwl', /more than 10485760 bytes/],
  ])('%s is refused', async (path, reason) => {
    expect(reasons(await open({ hosts: [host] }).load({ address: `http://${host}/${path}` }))).toMatch(reason);
  });

  it('no host is asked that is not allowed', async () => {
    const before = asked.length;
    for (const hosts of [[], ['127.0.0.1.example'], [`${host}0`]])
      expect(reasons(await open({ hosts }).load({ address: `http://${host}/app.cwl` }))).toMatch(/not a public address/);
    expect(asked.length).toBe(before);
    expect(reasons(await open().load({ address: 'file:///etc/passwd' }))).toMatch(/not read from file: addresses/);
  });
});
