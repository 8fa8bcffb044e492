import { expect, it } from '@jest/globals';
import { ago, bytes, duration, marks } from './format.ts';

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [4210, '4.2 s'],
  [9960, '10 s'],
  [59_600, '1 min'],
  [200_000, '3 min 20 s'],
  [3_600_000, '1 h'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

it('how long ago, and how much', () => {
  expect([ago(-5), ago(61_000), ago(7_300_000), ago(2e8)]).toEqual(['0 s ago', '1 min ago', '2 h ago', '2 d ago']);
  expect([bytes(0), bytes(999), bytes(1234), bytes(265_488), bytes(3.2e9)]).toEqual(['0 B', '999 B', '1.2 kB', '265 kB', '3.2 GB']);
});

it.each([0, 3, 900, 20_000, 3e6, 9e9])('a span of %i ms has a few round marks within it', (span) => {
  const found = marks(span, 6);
  expect(found.length).toBeLessThanOrEqual(7);
  expect(found[0]).toBe(0);
  expect(found.at(-1)).toBeLessThanOrEqual(span);
});
