import { describe, expect, it } from '@jest/globals';

import { hideShortened, shorten } from './shorten.ts';

describe('hiding values in shortened texts', () => {
  const values = ['open sesame', 'swordfish'];

  it.each(Array.from({ length: 12 }, (_, length) => length))('leaves nothing of a value that was cut after %d characters', (length) => {
    const text = shorten(`{"password": "open sesame", "user": "ali"}`, 14 + length);
    expect(hideShortened(text.replace('open sesame', '***'), values, '***')).toBe(length === 0 ? '{"password": "…' : '{"password": "***…');
  });

  it('changes nothing else: what is whole, what was not cut, what stands behind the cut', () => {
    for (const text of ['open s', 'a … open s', 'nothing of it…', '']) expect(hideShortened(text, values, '***')).toBe(text);
  });
});
