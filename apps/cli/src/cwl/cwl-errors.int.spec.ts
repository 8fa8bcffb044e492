import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const document = readFileSync(new URL('../../../../docs/cwl-errors.md', import.meta.url), 'utf8');
const examples = document
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const block = (language: string): string | undefined => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section)?.[1];
    return { title: section.split('\n')[0] ?? '', process: block('yaml') ?? '', job: block('json'), says: block('text') };
  });

describe('docs/cwl-errors.md', () => {
  it.each(examples.map((one) => [one.title, one] as const))('%s', async (_title, { process: text, job, says }) => {
    const folder = mkdtempSync(join(tmpdir(), 'runnel-cwl-errors-'));
    writeFileSync(join(folder, 'process.cwl'), text);
    if (job !== undefined) writeFileSync(join(folder, 'job.json'), job);
    const main = new URL('./main.ts', import.meta.url).pathname;
    const words = ['--quiet', 'process.cwl', ...(job === undefined ? [] : ['job.json'])];
    const err = await new Promise<string>((done) => {
      const args = ['--conditions=@runnel/source', '--disable-warning=ExperimentalWarning', main, ...words];
      execFile(process.execPath, args, { cwd: folder, env: { ...process.env, XDG_CACHE_HOME: folder } }, (_error, _out, said) =>
        done(said),
      );
    });
    rmSync(folder, { recursive: true, force: true });
    expect(err.replaceAll(folder, 'DIR')).toBe(says);
  });
});
