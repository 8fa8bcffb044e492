import { describe, expect, it } from '@jest/globals';
import { contentKeptFor, isFreshContent } from './index.ts';

describe('content age', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const aged = (milliseconds: number) => ({ key: 'ws/objects/a', size: 1, etag: '"a"', modifiedAt: new Date(now - milliseconds) });

  it('is fresh well before the garbage collection may take it', () => {
    expect(isFreshContent(aged(0), now)).toBe(true);
    expect(isFreshContent(aged(contentKeptFor / 2), now)).toBe(true);
    expect(isFreshContent(aged(contentKeptFor - 86_400_000), now)).toBe(false);
  });
});
