import { describe, expect, it } from '@jest/globals';
import type { Spawner, SpawnRequest } from '@runnel/sandbox';
import type { StepRequest } from './attempt.ts';
import { givingSecrets, secretsOf } from './attempt-secrets.ts';
import { createConcealment } from './concealment.ts';

const request = { run: 'r', workspace: 'demo', step: 's', attempt: 1, secrets: true } as StepRequest;
const given = { environment: { KEY: 'pass"word/ü' }, inputs: { '(secret-1)': 'open sesame', '(secret-2)': 'sesame' } };

describe('secrets of an attempt', () => {
  it('stand in its inputs and its environment, and come out of it as references', async () => {
    const secrets = await secretsOf(request, () => Promise.resolve(given), createConcealment());
    expect(secrets.reveal({ a: '(secret-1)', b: ['x (secret-2) y'], n: 3 })).toEqual({ a: 'open sesame', b: ['x sesame y'], n: 3 });
    expect(secrets.conceal({ a: 'it is open sesame', b: [{ c: 'sesame' }], d: 'KEY=pass"word/ü' })).toEqual({
      a: 'it is (secret-1)',
      b: [{ c: '(secret-2)' }],
      d: 'KEY=***',
    });
    let env: object = {};
    const spawner = { run: (asked: SpawnRequest) => void (env = asked.env) } as unknown as Spawner;
    givingSecrets(spawner, secrets).run({ env: { HOME: '/' } } as unknown as SpawnRequest);
    expect(env).toEqual({ HOME: '/', KEY: 'pass"word/ü' });
  });

  it('are not asked for where there are none', async () => {
    const { secrets: _some, ...without } = request;
    const ask = (): never => {
      throw new Error('asked');
    };
    expect((await secretsOf(without as StepRequest, ask, createConcealment())).reveal({ a: '(secret-1)' })).toEqual({ a: '(secret-1)' });
  });

  it('are hidden in the forms in which they are written', async () => {
    const concealment = createConcealment();
    await secretsOf(request, () => Promise.resolve(given), concealment);
    const { KEY } = given.environment;
    for (const form of [
      KEY,
      JSON.stringify(KEY).slice(1, -1),
      encodeURIComponent(KEY),
      Buffer.from(KEY).toString('base64').replaceAll('=', ''),
    ])
      expect(concealment.hide(`<${form}>`)).toBe('<***>');
  });
});
