import { describe, expect, it } from '@jest/globals';
import { matchSegment } from './glob.ts';

describe('matchSegment', () => {
  it.each([
    ['*', 'anything', true],
    ['*', '.hidden', false],
    ['.*', '.hidden', true],
    ['\\.*', '.hidden', true],
    ['?hidden', '.hidden', false],
    ['[.]hidden', '.hidden', false],
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a.txt.gz', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c', 'a\u{1F600}c', true],
    ['[abc]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[!a-c]x', 'dx', true],
    ['[^a-c]x', 'ax', false],
    ['[]]', ']', true],
    ['[!]]', ']', false],
    ['[a-]', '-', true],
    ['[[:digit:]]*', '7up', true],
    ['[[:digit:][:upper:]]', 'x', false],
    ['[a', '[a', true],
    ['[z-a]', 'b', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['[\\]]', ']', true],
    ['{a,b}', '{a,b}', true],
    ['{a,b}', 'a', false],
    ['a.b+(c)$', 'a.b+(c)$', true],
    ['a.b', 'axb', false],
    ['**', 'ab', true],
    ['x*y*z', 'x1y2z', true],
    ['*\n*', 'a\nb', true],
  ])('%j on %j: %p', (pattern, name, expected) => expect(matchSegment(pattern, name)).toBe(expected));
});
