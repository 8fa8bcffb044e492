/**
 * Starts the test cluster (deploy/testcluster), runs test/kubernetes against it and ends it. The last line is `N passed, N failed, N skipped`.
 * Where there is no root or no Go the suite is skipped, by name.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noTestCluster, startTestCluster } from './test-cluster.ts';

const root = join(import.meta.dirname, '..');

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { status: string; name: string; message: string; assertionResults: { status: string; fullName: string }[] }[];
}

const missing = noTestCluster();
if (missing !== undefined) {
  console.log(`skipped:\n  kubernetes: ${missing}\n\n0 passed, 0 failed, 1 skipped`);
} else {
  const cluster = startTestCluster();
  try {
    cluster.load('runnel-stage', 'runnel', 'nats', 'postgres');
    process.exitCode = jest(cluster.env);
  } finally {
    cluster.stop();
  }
}

function jest(env: Record<string, string>): number {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-test-'));
  const file = join(folder, 'report.json');
  const options = ['--selectProjects', 'kubernetes', '--runInBand', '--json', `--outputFile=${file}`, '--silent=false'];
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const { status } = spawnSync(process.execPath, [...node, ...options, ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
    const skipped = report.testResults.flatMap(({ assertionResults }) => assertionResults.filter(({ status: held }) => held === 'pending'));
    if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map(({ fullName }) => `  kubernetes: ${fullName}`).join('\n')}`);
    // A file that does not even load has no assertions; it counts as one failure.
    const broken = report.testResults.filter(({ status: held, assertionResults }) => held === 'failed' && assertionResults.length === 0);
    for (const { name, message } of broken) console.error(`${name}: ${message}`);
    const failed = report.numFailedTests + broken.length;
    console.log(`\n${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
    return failed === 0 && report.numPassedTests > 0 ? 0 : 1;
  } catch {
    console.log(`jest ended with ${status} and no report\n\n0 passed, 1 failed, 0 skipped`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
