import { describe, expect, it } from '@jest/globals';

import { createStreamParser } from './slot.ts';

const nonce = 'abcabd0123-7';
const report = `${nonce} 3 1\n0m0.01s 0m0.02s\n1m2.50s 0m0.25s\n`;

function parse(chunks: string[]): { output: string; end: ReturnType<ReturnType<typeof createStreamParser>['push']> } {
  let output = '';
  let end: ReturnType<ReturnType<typeof createStreamParser>['push']>;
  const parser = createStreamParser(nonce, (chunk) => (output += chunk.toString()));
  for (const chunk of chunks) end = parser.push(Buffer.from(chunk)) ?? end;
  return { output, end };
}

describe('the stream of a slot', () => {
  it('separates what a tool wrote from the report of its end, wherever the stream is cut', () => {
    const stream = `a line\nhalf a line abcab${report}`;
    for (let cut = 1; cut < stream.length; cut += 1) {
      expect(parse([stream.slice(0, cut), stream.slice(cut)])).toEqual({
        output: 'a line\nhalf a line abcab',
        end: { status: 3, leftovers: true, cpuTotal: 62.75 },
      });
    }
  });

  it('hands on at once what cannot belong to the report', () => {
    expect(parse(['50 % done\r'])).toEqual({ output: '50 % done\r', end: undefined });
    expect(parse(['progress abc'])).toEqual({ output: 'progress ', end: undefined });
    expect(parse(['progress abc', 'x'])).toEqual({ output: 'progress abcx', end: undefined });
  });

  it('takes the nonce of another step for output', () => {
    expect(parse(['abcabd0123-6 0 0\n'])).toEqual({ output: 'abcabd0123-6 0 0\n', end: undefined });
  });
});
