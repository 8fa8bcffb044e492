import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');

/** One test that docs/cwl-conformance.md names: a case of ours by its id, or a spec, with the title of a test in it or without. */
interface Named {
  file: string;
  title: string | undefined;
}

const named: Named[] = readFileSync(join(root, 'docs/cwl-conformance.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| .*`[^`]+\.(?:yaml|ts)`/.test(line))
  .flatMap((line) => [...line.matchAll(/(?:\| |<br>)`([^`]+\.(?:yaml|ts))`(?:: (.*?))?(?=<br>| *\|$)/g)])
  .map(([, file = '', title]) => ({ file, title }));

describe('every test that docs/cwl-conformance.md names exists', () => {
  it('names many', () => expect(named.length).toBeGreaterThan(100));

  it.each(named)('$file: $title', ({ file, title = '' }) => {
    if (file.includes('/')) return expect(readFileSync(join(root, file), 'utf8')).toContain(title);
    const cases = parse(readFileSync(join(root, 'test/conformance/cases', file), 'utf8')) as { id: string }[];
    return expect(cases.map(({ id }) => id)).toContain(title);
  });
});
