import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { references, required, runtime, tool } from '../given.fixture.ts';
import type { InputParameter } from '../model.ts';
import { shellQuote } from './arguments.ts';
import { buildCommand } from './build-command.ts';

describe('shellQuote', () => {
  it.each([
    ['plain-1.0/x@y,z', 'plain-1.0/x@y,z'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", `'it'"'"'s'`],
    ['$HOME`ls`', "'$HOME`ls`'"],
    ['ä', "'ä'"],
    ['~', "'~'"],
  ])('%s', (word, quoted) => expect(shellQuote(word)).toBe(quoted));

  it('any words arrive as they are, through a real shell', () => {
    const words = fc.sample(
      fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0') && word.isWellFormed()),
      { numRuns: 300, seed: 1 },
    );
    const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${words.map(shellQuote).join(' ')}`], { encoding: 'utf8' });
    expect(printed.split('\0').slice(0, -1)).toEqual(words);
  });
});

describe('any inputs', () => {
  const inputs = fc.uniqueArray(
    fc.record({ id: fc.stringMatching(/^[a-z]{1,3}$/), position: fc.integer({ min: -3, max: 3 }), values: fc.array(fc.string()) }),
    { selector: (input) => input.id },
  );

  it('give their values in the order of position and name, each array whole, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async (given) => {
        const parameters = given.map(({ id, position }): InputParameter => ({
          id,
          type: { type: 'array', items: 'string' },
          inputBinding: { position },
        }));
        const values = Object.fromEntries(given.map(({ id, values: list }) => [id, list]));
        const { argv } = await buildCommand(tool({ inputs: parameters }), values, {
          requirements: required(),
          evaluator: references(),
          runtime,
        });
        const expected = [...given].sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1)).flatMap(({ values: list }) => list);
        expect(argv).toEqual(['tool', ...expected]);
      }),
    );
  });
});
