import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs `process.cwl` among the given files (objects are written as JSON) with bin/runnel-cwl, in a fresh folder below `base`. */
export function runProcess(base: string, files: { [name: string]: unknown }, words: string[]): Promise<Ended> {
  const work = mkdtempSync(join(base, 'case-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return new Promise((done) => {
    const program = join(root, 'bin/runnel-cwl');
    const options = { cwd: work, env: { ...process.env, TMPDIR: base } };
    const child = execFile(program, ['--outdir', join(work, 'out'), ...words], options, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end();
  });
}

/** Files with their contents, for they are what an output is. */
export function withContents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withContents);
  if (typeof value !== 'object' || value === null) return value;
  const map = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withContents(one)]));
  return map['class'] === 'File' && typeof map['path'] === 'string' ? { ...map, contents: readFileSync(map['path'], 'utf8') } : map;
}
