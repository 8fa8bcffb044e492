import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { runProcess } from './run-process.ts';

/** Ten names for each name of the level before: 10^9 values in a kilobyte. */
const aliases = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 8 }, (_, level) => `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`).join(', ')}]`),
].join('\n');

const nested = `{"x": ${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}}`;
const head = 'cwlVersion: v1.2\nclass: CommandLineTool\nbaseCommand: echo\noutputs: []\n';
const takesAny = `${head}inputs: {x: Any}\n`;

const product = {
  cwlVersion: 'v1.2',
  class: 'Workflow',
  requirements: { ScatterFeatureRequirement: {} },
  inputs: { a: 'int[]', b: 'int[]' },
  outputs: [],
  steps: {
    s: {
      scatter: ['a', 'b'],
      scatterMethod: 'flat_crossproduct',
      in: { a: 'a', b: 'b' },
      out: [],
      run: { class: 'ExpressionTool', inputs: { a: 'int', b: 'int' }, outputs: [], expression: '$({})' },
    },
  },
};
const thousand = Array.from({ length: 1000 }, (_, index) => index);

interface Bomb {
  files: { [name: string]: unknown };
  says: string;
}

const bombs: { [name: string]: Bomb } = {
  'aliases of aliases in a document': { files: { 'process.cwl': `${head}inputs: []\n${aliases}\n` }, says: 'more than 2000000 values' },
  'aliases of aliases in a job': {
    files: { 'process.cwl': takesAny, 'job.json': `${aliases}\nx: *a8\n` },
    says: 'more than 2000000 values',
  },
  '10 MB of nesting in a document': { files: { 'process.cwl': nested }, says: 'nested deeper than 200 levels' },
  '10 MB of nesting in a job': { files: { 'process.cwl': takesAny, 'job.json': nested }, says: 'nested deeper than 200 levels' },
  'more than 10 MB': { files: { 'process.cwl': `${head}inputs: []\n#${'x'.repeat(11_000_000)}` }, says: 'more than the limit of 10485760' },
  'an import of itself': {
    files: { 'process.cwl': '$import: other.cwl\n', 'other.cwl': '$import: process.cwl\n' },
    says: 'process.cwl imports itself',
  },
  'a workflow that runs itself': {
    files: {
      'process.cwl': {
        cwlVersion: 'v1.2',
        class: 'Workflow',
        inputs: [],
        outputs: [],
        steps: { s: { run: 'process.cwl', in: [], out: [] } },
      },
    },
    says: 'in a circle',
  },
  'a scatter of a million': {
    files: { 'process.cwl': product, 'job.json': { a: thousand, b: thousand } },
    says: 'the scatter has 1000000 elements; the limit of one scatter is 500000',
  },
};

describe('documents and jobs that would cost too much', () => {
  let base: string;
  beforeAll(() => void (base = mkdtempSync(join(tmpdir(), 'runnel-bombs-'))));
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  it.each(Object.entries(bombs))('%s: one line names the place and the limit', async (_name, { files, says }) => {
    const { code, out, err } = await runProcess(base, files, ['--quiet', ...Object.keys(files).filter((name) => name !== 'other.cwl')]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain(says);
    expect(err).toMatch(/^(?:process\.cwl|other\.cwl|job\.json):\d+:\d+: /);
  });
});
