import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

import { runProcess, withContents, type Ended } from './run-process.ts';

/** One case: a process with a job, and either what it gives or how it fails. */
interface Case {
  id: string;
  /** Written as JSON; a text is written as it is. */
  process: unknown;
  /** Further files by name. */
  files?: { [name: string]: unknown };
  job?: unknown;
  args?: string[];
  /** Values that must be among the outputs; `contents` of a File are read from the file. */
  gives?: { [output: string]: unknown };
  /** Part of what is said. */
  fails?: string;
  unsupported?: boolean;
  /** Part of what is said although it succeeds. */
  says?: string;
}

const folder = join(import.meta.dirname, 'cases');
let base: string;
beforeAll(() => void (base = mkdtempSync(join(tmpdir(), 'runnel-suite-'))));
afterAll(() => rmSync(base, { recursive: true, force: true }));

for (const file of readdirSync(folder).sort()) {
  const cases = parse(readFileSync(join(folder, file), 'utf8')) as Case[];
  describe(file.replace(/\.yaml$/, ''), () => {
    it.each(cases.map((one) => [one.id, one] as const))('%s', async (_id, one) => {
      const ended = await run(one);
      if (one.gives === undefined) {
        expect(ended).toMatchObject({ code: one.unsupported ? 33 : 1, out: '' });
        expect(ended.err).toContain(one.fails ?? '');
        return;
      }
      expect(ended).toMatchObject({ code: 0 });
      expect(withContents(JSON.parse(ended.out))).toMatchObject(one.gives);
      expect(ended.err).toContain(one.says ?? '');
    });
  });
}

function run(one: Case): Promise<Ended> {
  const job = one.job === undefined ? {} : { 'job.json': one.job };
  const words = [...(one.args ?? []), 'process.cwl', ...Object.keys(job)];
  return runProcess(base, { ...one.files, 'process.cwl': one.process, ...job }, words);
}
