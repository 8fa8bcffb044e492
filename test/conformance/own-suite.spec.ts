import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

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

const root = join(import.meta.dirname, '../..');
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

function run(one: Case): Promise<{ code: number; out: string; err: string }> {
  const work = mkdtempSync(join(base, 'case-'));
  const write = (name: string, content: unknown): void => {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  for (const [name, content] of Object.entries(one.files ?? {})) write(name, content);
  write('process.cwl', one.process);
  if (one.job !== undefined) write('job.json', one.job);
  const words = ['--outdir', join(work, 'out'), ...(one.args ?? []), 'process.cwl', ...(one.job === undefined ? [] : ['job.json'])];
  return new Promise((done) => {
    const child = execFile(join(root, 'bin/runnel-cwl'), words, { cwd: work, env: { ...process.env, TMPDIR: base } }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end();
  });
}

/** Files with their contents, for they are what an output is. */
function withContents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withContents);
  if (typeof value !== 'object' || value === null) return value;
  const map = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withContents(one)]));
  return map['class'] === 'File' && typeof map['path'] === 'string' ? { ...map, contents: readFileSync(map['path'], 'utf8') } : map;
}
