import { describe, expect, it } from '@jest/globals';
import { checkedSignature, hookOf, webhookKey } from './webhooks.ts';

describe('signatures of webhooks', () => {
  // The example of GitHub's documentation, "Validating webhook deliveries".
  const header = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  const body = Buffer.from('Hello, World!');

  it('takes the one that GitHub makes', () => {
    expect(checkedSignature("It's a Secret to Everybody", header, body)?.toString('hex')).toBe(header.slice(7));
    expect(checkedSignature("It's a Secret to Everybody", header.toUpperCase().replace('SHA', 'sha'), body)).toBeDefined();
  });

  it.each([
    ['another key', 'secret', header, body],
    ['another body', "It's a Secret to Everybody", header, Buffer.from('Hello, World?')],
    ['none', "It's a Secret to Everybody", '', body],
    ['too short', "It's a Secret to Everybody", header.slice(0, -2), body],
    ['another method', "It's a Secret to Everybody", `sha1=${header.slice(7)}`, body],
  ])('refuses %s', (_name, key, given, content) => {
    expect(checkedSignature(key, given, content)).toBeUndefined();
  });

  it('gives each repository a key of its own', () => {
    const [one, two] = ['https://git.example/a.git', 'https://git.example/b.git'].map((repository) => webhookKey('s', hookOf(repository)));
    expect(one).not.toBe(two);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });
});
