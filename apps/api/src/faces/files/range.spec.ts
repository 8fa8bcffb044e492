import { expect, it } from '@jest/globals';
import { parseRange } from './range.ts';

it.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=5-', { start: 5 }],
  ['bytes=-3', { start: 7 }],
  ['bytes=-0', { start: 10 }],
  ['bytes=-99', { start: 0 }],
  ['bytes=99-', { start: 99 }],
  ['bytes=3-2', undefined],
  ['bytes=1-2,4-5', undefined],
  ['bytes=a-b', undefined],
  ['items=0-1', undefined],
  [`bytes=${'9'.repeat(16)}-`, undefined],
])('%s of ten bytes', (header, range) => {
  expect(parseRange(header, 10)).toEqual(range);
});
