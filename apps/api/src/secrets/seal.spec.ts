import { expect, it } from '@jest/globals';
import { openSeal } from './seal.ts';

const [old, fresh] = ['an old key of this installation, long', 'a new key of this installation, long'];

it('opens what it sealed, where it stood, with any of its keys', () => {
  const sealed = openSeal([old]).seal('demo/KEY', 'größte Geheimnisse');
  expect(sealed.includes('Geheimnisse')).toBe(false);
  expect(openSeal([old]).open('demo/KEY', sealed)).toBe('größte Geheimnisse');
  expect(openSeal([fresh, old]).open('demo/KEY', sealed)).toBe('größte Geheimnisse');
  expect(() => openSeal([fresh]).open('demo/KEY', sealed)).toThrow(/cannot be read/);
  expect(() => openSeal([old]).open('other/KEY', sealed)).toThrow(/cannot be read/);
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  expect(() => openSeal([old]).open('demo/KEY', sealed)).toThrow(/cannot be read/);
  expect(openSeal([old]).seal('a', 'b')).not.toEqual(openSeal([old]).seal('a', 'b'));
});
