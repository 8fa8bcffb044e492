import { describe, expect, it } from '@jest/globals';
import { readRunToken, signRunToken } from './run-token.ts';

const claim = { run: '01936d2e-7c1a-7000-8000-000000000001', workspace: 'demo', expires: 1000 };

describe('a token of a run', () => {
  it('says what was signed, until it expires', () => {
    const token = signRunToken('key', claim);
    expect(readRunToken('key', token, 999)).toEqual(claim);
    expect(readRunToken('key', token, 1000)).toBeUndefined();
  });

  it('is nothing with another key, another body or another signature', () => {
    const token = signRunToken('key', claim);
    const [body = '', signature = ''] = token.split('.');
    const forged = Buffer.from(JSON.stringify([claim.run, 'other', 1000])).toString('base64url');
    expect(readRunToken('other key', token, 0)).toBeUndefined();
    for (const text of [`rnr_${forged}.${signature}`, `${body}.${'A'.repeat(43)}`, body, `${token}x`, '', 'rnr_.'])
      expect(readRunToken('key', text, 0)).toBeUndefined();
  });
});
