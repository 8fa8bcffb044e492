import { describe, expect, it } from '@jest/globals';
import { bytes, duration } from './output.ts';

describe('what people read', () => {
  it.each([
    [850, '850 ms'],
    [12_340, '12.3 s'],
    [245_000, '4 min 05 s'],
  ])('duration(%d)', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

  it.each([
    [12, '12 B'],
    [3_400_000, '3.4 MB'],
    [999_999_999_999_999, '1000.0 TB'],
  ])('bytes(%d)', (count, text) => expect(bytes(count)).toBe(text));
});
