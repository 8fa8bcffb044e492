import { expect, it } from '@jest/globals';
import { isProved, proveQuestion, questionKeys, sealAnswer } from './sealed-answer.ts';
import type { SecretQuestion } from './sealed-answer.ts';

const question = (key: string): SecretQuestion => ({
  ask: 'a',
  workspace: 'demo',
  run: 'r',
  step: 's',
  attempt: 1,
  executor: 'x',
  key,
});
const given = { environment: { KEY: 'häufig geheim' }, inputs: { '(secret-1)': 'x' } };

it('is read by who asked, and by nobody else', () => {
  const [asker, other] = [questionKeys(), questionKeys()];
  const sealed = sealAnswer(asker.publicKey, given);
  expect(asker.open(sealed)).toEqual(given);
  expect(sealed).not.toContain(Buffer.from('geheim').toString('base64url').slice(0, 6));
  expect(() => other.open(sealed)).toThrow();
  const [first = '', ...rest] = sealed.split('.');
  expect(() => asker.open([first, ...rest.slice(0, -1), `${rest.at(-1)}AA`].join('.'))).toThrow();
  expect(() => sealAnswer('AAAA', given)).toThrow();
});

it('a question is proved with the shared key, and for itself alone', () => {
  const asked = question('k');
  const proof = proveQuestion('0123456789', asked);
  expect(isProved('0123456789', asked, proof)).toBe(true);
  expect(isProved('another one', asked, proof)).toBe(false);
  expect(isProved('0123456789', asked, '')).toBe(false);
  for (const changed of [{ run: 'q' }, { step: 't' }, { attempt: 2 }, { workspace: 'other' }, { key: 'mine' }, { executor: 'y' }])
    expect(isProved('0123456789', { ...asked, ...changed }, proof)).toBe(false);
});
