import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { afterAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@runnel/embedded';
import { embeddedPolicy } from './embedded-policy.ts';
import { findOpa, generateInputs, startOpa, unreachedLines } from './opa.fixture.ts';
import { policyServer } from './policy-server.ts';
import { actions } from './policy.ts';
import type { PolicyInput } from './policy.ts';

const opa = findOpa();
const withOpa = opa === undefined ? describe.skip : describe;
const unavailable = { name: 'ServiceUnavailable', retryAfter: expect.any(Number) };
const input: PolicyInput = { principal: { kind: 'anonymous' }, action: 'service.describe', resource: {} };

withOpa('an OPA server (needs OPA, scripts/opa.sh)', () => {
  const embedded = embeddedPolicy();
  const inputs = generateInputs(1000, embedded.decide);

  it('is asked a thousand things that reach every rule, a third of which are allowed', () => {
    const decisions = inputs.map((one) => ({ ...one, ...embedded.decide(one) }));
    expect(decisions.filter(({ allow }) => allow)).toHaveLength(334);
    for (const action of actions) expect([action, decisions.some((one) => one.allow && one.action === action)]).toEqual([action, true]);
    expect(new Set(decisions.flatMap((one) => (one.allow ? [] : [one.reason])))).toEqual(
      new Set(['unauthenticated', 'foreign', 'scope', 'unknown']),
    );
    expect(unreachedLines(opa ?? '', inputs)).toBeUndefined();
  });

  it('answers as the embedded policy; down: nobody is let in; back: at once, by itself', async () => {
    const port = await freePort();
    const policy = policyServer({ url: `http://127.0.0.1:${port}/v1/data/runnel/access/decision`, leftAlone: 50, timeout: 30_000 });
    const first = await startOpa(opa ?? '', port);
    try {
      await policy.ping();
      for (let at = 0; at < inputs.length; at += 20) {
        const some = inputs.slice(at, at + 20);
        const answers = await Promise.all(some.map(async (one) => policy.decide(one)));
        expect(some.map((one, index) => ({ one, is: answers[index] }))).toEqual(some.map((one) => ({ one, is: embedded.decide(one) })));
      }
    } finally {
      await first.stop();
    }
    for (let times = 0; times < 10; times += 1) await expect(policy.decide(input)).rejects.toMatchObject(unavailable);
    await expect(policy.ping()).rejects.toBeDefined();
    const second = await startOpa(opa ?? '', port);
    try {
      await policy.ping();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await policy.decide(input)).toEqual({ allow: true });
    } finally {
      await second.stop();
    }
  });
});

describe('a policy server that fails', () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
  });
  /** Counts what it is asked. */
  const failing = async (answer: RequestListener) => {
    let asked = 0;
    const server = createServer((request, response) => {
      asked += 1;
      answer(request, response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return { policy: policyServer({ url: `http://127.0.0.1:${port}/`, timeout: 200, leftAlone: 60_000 }), asked: () => asked };
  };
  const json =
    (value: unknown): RequestListener =>
    (_request, response) =>
      void response.end(JSON.stringify(value));

  it.each<[string, RequestListener]>([
    ['has no such policy', json({})],
    ['answers something else', json({ result: true })],
    ['allows by another word', json({ result: { allow: 'true' } })],
    ['refuses for a reason that nobody knows', json({ result: { allow: false, reason: 'mood', message: '' } })],
    ['is no OPA', (_request, response) => void response.end('<html>')],
    ['sends elsewhere', (_request, response) => void response.writeHead(302, { location: '/' }).end()],
    ['fails', (_request, response) => void response.writeHead(500).end('{"result": {"allow": true}}')],
    ['says nothing', () => undefined],
  ])('because it %s: nobody is let in, and soon it is left alone', async (_what, answer) => {
    const { policy, asked } = await failing(answer);
    for (let times = 0; times < 10; times += 1) await expect(policy.decide(input)).rejects.toMatchObject(unavailable);
    expect(asked()).toBeLessThan(6);
  });
});
