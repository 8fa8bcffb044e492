import { describe, expect, it } from '@jest/globals';

import { parseArguments } from './options.ts';

describe('the command line of runnel-cwl', () => {
  it('reads what cwltest passes', () => {
    expect(parseArguments(['--outdir=/tmp/x', '--quiet', 'tests/colon:test.cwl', 'tests/colon:test:job.yaml'])).toMatchObject({
      kind: 'run',
      options: { outdir: '/tmp/x', quiet: true, process: 'tests/colon:test.cwl', job: 'tests/colon:test:job.yaml', isolation: false },
    });
  });

  it('takes options before and after the process, with or without =', () => {
    expect(parseArguments(['--parallel', '3', 'a.cwl', '--outdir', 'o', 'job.json'])).toMatchObject({
      options: { parallel: 3, outdir: 'o', job: 'job.json' },
    });
  });

  it('leaves what follows the process and is no option of its own to the inputs', () => {
    expect(parseArguments(['a.cwl', '--quiet', '--message', 'hi', '--outdir', 'o'])).toMatchObject({
      options: { quiet: true, outdir: '.', inputFlags: ['--message', 'hi', '--outdir', 'o'] },
    });
  });

  it.each([
    [[], 'a process is missing'],
    [['--nope', 'a.cwl'], 'there is no option --nope'],
    [['--outdir'], '--outdir needs a value'],
    [['--parallel=0', 'a.cwl'], '--parallel needs a whole number above 0, not 0'],
    [['a.cwl', 'b.json', 'c.json'], 'one process and one job are expected, not also c.json'],
  ])('says what is wrong with %j', (words, message) => {
    expect(parseArguments(words)).toMatchObject({ kind: 'usage', message: expect.stringContaining(message) });
  });
});
