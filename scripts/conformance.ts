/** The suite of our own (test/conformance), always, and the official one where it lies beside the repository; one count for both. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { runOfficialSuite } from './official-suite.ts';

const root = join(import.meta.dirname, '..');

/** Jest's last line of its summary: `Tests:  1 failed, 112 passed, 113 total`. */
async function runOwnSuite(): Promise<{ passed: number; failed: number }> {
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const output = await new Promise<string>((done, fail) => {
    const child = spawn(
      process.execPath,
      [
        ...jest,
        '--selectProjects',
        'journeys',
        '--runInBand',
        '--',
        'test/conformance/own-suite',
        'test/conformance/bombs',
        'test/conformance/packages',
        'test/conformance/provenance',
      ],
      {
        cwd: root,
      },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', fail);
    child.once('close', () => done(said));
  });
  const line = /^Tests: .*$/m.exec(output)?.[0] ?? '';
  const passed = Number(/(\d+) passed/.exec(line)?.[1] ?? 0);
  const failed = Number(/(\d+) failed/.exec(line)?.[1] ?? (passed === 0 ? 1 : 0));
  if (failed > 0) console.error(output);
  return { passed, failed };
}

const own = await runOwnSuite();
console.log(`own suite: ${own.passed} passed, ${own.failed} failed`);
const official = await runOfficialSuite();
for (const name of official.skipped) console.log(`skipped: ${name}`);
const failed = own.failed + official.failed;
console.log(`${own.passed + official.passed} passed, ${failed} failed, ${official.skipped.length} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
