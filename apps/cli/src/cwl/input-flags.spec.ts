import { describe, expect, it } from '@jest/globals';
import type { CwlType, Process } from '@runnel/cwl';

import { inputsFromFlags } from './input-flags.ts';

function processWith(types: { [id: string]: CwlType }): Process {
  const inputs = Object.entries(types).map(([id, type]) => ({ id, type }));
  return { id: 'main', class: 'Operation', cwlVersion: 'v1.2', inputs, outputs: [], requirements: [], hints: [], metadata: {} };
}

describe('inputs given as flags', () => {
  it('reads each by its type', () => {
    const process = processWith({
      message: 'string',
      count: ['null', 'int'],
      fast: 'boolean',
      slow: 'boolean',
      bands: { type: 'array', items: 'File' },
    });
    const words = ['--message', 'hi', '--count=3', '--fast', '--slow=false', '--bands', '/d/a.tif', '--bands', '/d/b 2.tif'];
    expect(inputsFromFlags(words, process, '/d')).toEqual({
      message: 'hi',
      count: 3,
      fast: true,
      slow: false,
      bands: [
        { class: 'File', location: 'file:///d/a.tif' },
        { class: 'File', location: 'file:///d/b%202.tif' },
      ],
    });
  });

  it.each([
    [['--mesage', 'hi'], '--mesage: the process has no such input; it has --count'],
    [['--count', 'many'], '--count needs a number, not many'],
    [['--count'], '--count needs a value'],
  ])('says what is wrong with %j', (words, message) => {
    expect(() => inputsFromFlags(words, processWith({ count: 'int' }), '.')).toThrow(message);
  });
});
