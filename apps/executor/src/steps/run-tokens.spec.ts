import { describe, expect, it } from '@jest/globals';
import { readRunToken } from '@runnel/access/run-token';
import type { Spawner, SpawnRequest } from '@runnel/sandbox';
import type { StepRequest } from './attempt.ts';
import { createConcealment } from './concealment.ts';
import { givingTokens } from './run-tokens.ts';

const run = '01936d2e-7c1a-7000-8000-000000000001';
const request = { run, workspace: 'demo', step: 's', attempt: 1 } as StepRequest;

function spawned(env: Record<string, string>, key: string | undefined = 'key') {
  let seen: Record<string, string> = {};
  const spawner = {
    run: (asked: SpawnRequest) => {
      seen = asked.env;
      return undefined;
    },
  } as unknown as Spawner;
  const concealment = createConcealment();
  givingTokens(spawner, { key, request, concealment, now: 5000 }).run({ env } as SpawnRequest, {});
  return { concealment, env: seen };
}

describe('tokens of a run', () => {
  it('stand where the tool wants one, and nowhere else', () => {
    const { env } = spawned({ WORKSPACE_TOKEN: '<<REPLACE>>', HOME: '/out', TEXT: 'a <<REPLACE>>' });
    expect(env).toMatchObject({ HOME: '/out', TEXT: 'a <<REPLACE>>' });
    expect(readRunToken('key', env['WORKSPACE_TOKEN'] ?? '', 5000)).toMatchObject({ run, workspace: 'demo' });
    expect(spawned({ HOME: '/out' }).env).toEqual({ HOME: '/out' });
  });

  it('are not made without a key: the step says so', () => {
    const spawner = givingTokens({} as Spawner, { key: undefined, request, concealment: createConcealment(), now: 0 });
    expect(() => spawner.run({ env: { T: '<<REPLACE>>' } } as unknown as SpawnRequest, {})).toThrow(/no key/);
  });

  it.each([1, 2, 7, 1000])('are not in a log that comes in pieces of %s bytes', (size) => {
    const { concealment, env } = spawned({ T: '<<REPLACE>>' });
    const text = Buffer.from(`before ${env['T']} rnr_ between ${env['T']}${env['T']} rn`);
    const pieces: Buffer[] = [];
    const log = concealment.masking((chunk) => pieces.push(chunk));
    for (let from = 0; from < text.length; from += size) log.write(text.subarray(from, from + size));
    log.end();
    expect(Buffer.concat(pieces).toString()).toBe('before *** rnr_ between ****** rn');
    expect(concealment.hide(`x ${env['T']}`)).toBe('x ***');
  });
});
