import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const venv = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel/venv-roc-validator-0.13.0');
const python = join(venv, 'bin/python');

/** The reference validator, in a virtual environment of this user; false where it cannot be had. */
function hasValidator(): boolean {
  if (existsSync(join(venv, '.complete'))) return true;
  const made = spawnSync('python3', ['-m', 'venv', venv]).status === 0;
  if (!made || spawnSync(join(venv, 'bin/pip'), ['install', '--quiet', 'roc-validator==0.13.0']).status !== 0) return false;
  writeFileSync(join(venv, '.complete'), '');
  return true;
}

const possible = hasValidator();
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'runnel-crates-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function validate(crate: string, profile: string): string {
  const ended = spawnSync(python, [join(import.meta.dirname, 'validate.py'), crate, profile], { encoding: 'utf8' });
  return `${ended.stdout}${ended.stderr}`.trim();
}

(possible ? describe : describe.skip)('the RO-Crate of --provenance, for the reference validator', () => {
  it.each([
    ['a tool', 'process-run-crate', 'echo.cwl', 'job_echo.json'],
    ['a workflow with a scatter', 'provenance-run-crate', 'scatter.cwl', 'job_100.json'],
  ])(
    '%s is accepted as %s',
    (_what, profile, document, job) => {
      const crate = join(folder, profile);
      const bench = join(root, 'test/bench');
      const words = ['--quiet', '--outdir', join(folder, `out-${profile}`), '--provenance', crate, join(bench, document), join(bench, job)];
      execFileSync(join(root, 'bin/runnel-cwl'), words);
      expect(validate(crate, profile)).toBe('accepted');
    },
    300_000,
  );

  it('is refused when it lacks what was run', () => {
    const crate = join(folder, 'process-run-crate');
    const path = join(crate, 'ro-crate-metadata.json');
    const document = JSON.parse(readFileSync(path, 'utf8')) as { '@graph': { '@id': string; instrument?: unknown }[] };
    for (const entity of document['@graph']) if (entity['@id'] === '#run') delete entity.instrument;
    writeFileSync(path, JSON.stringify(document));
    expect(validate(crate, 'process-run-crate')).toContain('process-run-crate');
  }, 300_000);
});
