/**
 * Runs every suite that this machine can run and ends with one line, `N passed, N failed, N skipped`. What is skipped is named before it.
 * `node scripts/test.ts [SUITE…]` runs a part.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';

import { runOfficialSuite } from './official-suite.ts';

interface Outcome {
  passed: number;
  failed: number;
  skipped: string[];
  /** Failed first and passed when run again, by themselves. */
  again?: string[];
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; name: string; message: string; assertionResults: { status: string; fullName: string }[] }[];
}

const root = join(import.meta.dirname, '..');

const suites: Record<string, () => Outcome | Promise<Outcome>> = {
  unit: () => jest('unit', []),
  policy: policyTests,
  service: () => withSecondTry('service'),
  journeys: () => withSecondTry('journeys'),
  stage: () => goTests('deploy/stage'),
  conformance: runOfficialSuite,
};

/**
 * Suites of real servers and processes on a machine that others use too: files that failed are run once more, by themselves. What passes only then
 * is named at the end: it is to be looked at. Where much fails, nothing is tried again.
 */
async function withSecondTry(project: string): Promise<Outcome> {
  const first = await jest(project, ['--runInBand']);
  const files = first.failedFiles;
  if (files.length === 0 || files.length > mostTriedAgain) return first;
  console.log(`\n== ${project}: once more, by themselves: ${files.map((file) => relative(root, file)).join(', ')}`);
  const second = await jest(project, ['--runInBand', '--runTestsByPath', ...files]);
  const skipped = new Set([...first.skipped, ...second.skipped]);
  const again = files.filter((file) => !second.failedFiles.includes(file)).map((file) => `${project}: ${relative(root, file)}`);
  return { passed: first.passed - first.passedBeside + second.passed, failed: second.failed, skipped: [...skipped], again };
}

/** Files; with more of them, it is not the machine. */
const mostTriedAgain = 6;

interface JestOutcome extends Outcome {
  failedFiles: string[];
  /** Tests that passed in failed files. */
  passedBeside: number;
}

async function jest(project: string, options: string[]): Promise<JestOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-test-'));
  const report = join(folder, 'report.json');
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const code = await run([...args, '--selectProjects', project, '--json', `--outputFile=${report}`, '--silent=false', ...options], report);
  try {
    const outcome = summarize(project, JSON.parse(readFileSync(report, 'utf8')) as JestReport);
    if (code !== undefined) return outcome;
    console.error(`${project}: its tests have ended, jest has not: a test left something open`);
    return { ...outcome, failed: outcome.failed + 1, failedFiles: [] };
  } catch {
    // Jest itself broke (no report): that is one failure, never a pass.
    return { passed: 0, failed: 1, skipped: [`${project}: jest ended with ${code} and no report`], failedFiles: [], passedBeside: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function summarize(project: string, report: JestReport): JestOutcome {
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
  const failed = report.testResults.filter((file) => file.status === 'failed');
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped,
    failedFiles: failed.map(({ name }) => name),
    passedBeside: failed.flatMap((file) => file.assertionResults).filter(({ status }) => status === 'passed').length,
  };
}

/** Go programs have tests of their own; each test function counts as one. */
async function goTests(folder: string): Promise<Outcome> {
  if (spawnSync('go', ['version']).status !== 0) return { passed: 0, failed: 0, skipped: [`${folder}: all of it (needs Go)`] };
  const child = spawn('go', ['test', '-count=1', '-json', './...'], { cwd: join(root, folder), stdio: ['ignore', 'pipe', 'inherit'] });
  const outcome: Outcome = { passed: 0, failed: 0, skipped: [] };
  const said = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const { Action: action, Test: test = '', Output: output = '' } = JSON.parse(line) as { Action: string; Test?: string; Output?: string };
    said.set(test, (said.get(test) ?? '') + output);
    if (test === '' || test.includes('/')) continue;
    if (action === 'pass') outcome.passed += 1;
    if (action === 'skip') outcome.skipped.push(`${folder}: ${test}`);
    if (action !== 'fail') continue;
    outcome.failed += 1;
    console.error(said.get(test));
  }
  const code = await new Promise<number>((resolve) =>
    child.exitCode === null ? child.once('exit', (ended) => resolve(ended ?? 1)) : resolve(child.exitCode),
  );
  // What does not even compile has no tests that fail.
  if (code !== 0 && outcome.failed === 0) {
    console.error(said.get(''));
    outcome.failed = 1;
  }
  return outcome;
}

/** The policy's own tests, by OPA: built once per machine where Go is. The suites after this one find it. */
function policyTests(): Outcome {
  const { status, stdout } = spawnSync(join(root, 'scripts/opa.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) return { passed: 0, failed: 0, skipped: ['deploy/policies: all of it (needs OPA, or Go to build it)'] };
  const report = spawnSync(stdout.trim(), ['test', '--format', 'json', 'deploy/policies'], { cwd: root, encoding: 'utf8' });
  const tests = JSON.parse(report.stdout) as { name: string; fail?: boolean; error?: unknown }[];
  const failed = tests.filter(({ fail, error }) => fail === true || error !== undefined);
  for (const { name } of failed) console.error(`deploy/policies: ${name} failed`);
  return { passed: tests.length - failed.length, failed: failed.length, skipped: [] };
}

/** Milliseconds that jest may need to end after its report is written. */
const grace = 30_000;

/** Exit code; undefined where it had to be killed, long after its report was written. */
function run(args: string[], report: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    // Jest prints its --json report to stdout as well when no file is given; with a file, its progress is on stderr.
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    let late: NodeJS.Timeout | undefined;
    const looking = setInterval(() => {
      if (existsSync(report)) late ??= setTimeout(() => child.kill('SIGKILL'), grace);
    }, 1000);
    child.once('exit', (code, signal) => {
      clearInterval(looking);
      clearTimeout(late);
      resolve(signal === 'SIGKILL' && late ? undefined : (code ?? 1));
    });
  });
}

const wanted = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: [] as string[], again: [] as string[] };
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
  total.again.push(...(outcome.again ?? []));
}
if (total.again.length > 0) console.log(`\npassed only at the second try:\n${total.again.map((name) => `  ${name}`).join('\n')}`);
if (total.skipped.length > 0) console.log(`\nskipped:\n${total.skipped.map((name) => `  ${name}`).join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
