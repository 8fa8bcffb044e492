/**
 * Runs every suite that this machine can run and ends with one line, `N passed, N failed, N skipped`. What is skipped is named before it.
 * `node scripts/test.ts [SUITE…]` runs a part.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runOfficialSuite } from './official-suite.ts';

interface Outcome {
  passed: number;
  failed: number;
  skipped: string[];
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; name: string; message: string; assertionResults: { status: string; fullName: string }[] }[];
}

const root = join(import.meta.dirname, '..');

const suites: Record<string, () => Promise<Outcome>> = {
  unit: () => jest('unit', []),
  service: () => jest('service', ['--runInBand']),
  journeys: () => jest('journeys', ['--runInBand']),
  conformance: runOfficialSuite,
};

async function jest(project: string, options: string[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-test-'));
  const report = join(folder, 'report.json');
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const code = await run([...args, '--selectProjects', project, '--json', `--outputFile=${report}`, '--silent=false', ...options]);
  try {
    return summarize(project, JSON.parse(readFileSync(report, 'utf8')) as JestReport);
  } catch {
    // Jest itself broke (no report): that is one failure, never a pass.
    return { passed: 0, failed: 1, skipped: [`${project}: jest ended with ${code} and no report`] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function summarize(project: string, report: JestReport): Outcome {
  // A file that does not even load has no assertions; it counts as one failure.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  for (const file of broken) console.error(`${file.name}: ${file.message}`);
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status === 'pending' || test.status === 'todo')
      .map((test) => `${project}: ${test.fullName}`),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length, skipped };
}

function run(args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // Jest prints its --json report to stdout as well when no file is given; with a file, its progress is on stderr.
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const wanted = process.argv.slice(2);
const total: Outcome = { passed: 0, failed: 0, skipped: [] };
for (const [name, suite] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  const begun = Date.now();
  const outcome = await suite();
  console.log(
    `== ${name}: ${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped.length} skipped in ${Math.round((Date.now() - begun) / 1000)} s`,
  );
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  total.skipped.push(...outcome.skipped);
}
if (total.skipped.length > 0) console.log(`\nskipped:\n${total.skipped.map((name) => `  ${name}`).join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
