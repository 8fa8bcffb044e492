/**
 * Random workflows, run by bin/runnel-cwl and by cwltool (PyPI): their outputs must be the same, or both must fail. What differs for a reason that
 * was looked at is matched by a rule of test/fuzz/known-differences.ts and counted; anything else is a failure, and its documents are kept. Prints
 * the seed, what of the language was covered, and as the last line `N passed, N failed, N skipped`.
 *
 *   node scripts/fuzz.ts            SEED=… the first seed (default: the day), COUNT=200 workflows, KEEP=DIR for the documents of differences
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { differenceOf, type Ended } from '../test/fuzz/compare.ts';
import { startCwltool, type Cwltool } from '../test/fuzz/cwltool.ts';
import { allFeatures, generateCase, type FuzzCase } from '../test/fuzz/generate-case.ts';
import { knownDifference } from '../test/fuzz/known-differences.ts';
import { onDisk } from '../test/fuzz/on-disk.ts';
import type { JsonObject } from '../test/fuzz/values.ts';
import { capture } from './cwltest.ts';

const root = join(import.meta.dirname, '..');
const version = 'cwltool==3.3.20260925135507';
const first = Number(process.env['SEED'] ?? Math.floor(Date.now() / 86_400_000) * 1000);
const count = Number(process.env['COUNT'] ?? 200);

interface Tally {
  passed: number;
  failed: number;
  bothFailed: number;
  known: Map<string, number>;
  features: Map<string, number>;
}

const program = await cwltoolPython();
if (program === undefined) {
  console.log('skipped: the comparison with cwltool: it cannot be installed (python3 -m venv, pip)\n0 passed, 0 failed, 1 skipped');
} else {
  process.exitCode = await compareAll(program);
}

async function compareAll(python: string): Promise<number> {
  console.log(`seeds ${first} to ${first + count - 1} (one of them: SEED=${first} COUNT=1 make fuzz)`);
  const base = mkdtempSync(join(tmpdir(), 'runnel-fuzz-'));
  const cwltool = startCwltool(python, base);
  const tally: Tally = { passed: 0, failed: 0, bothFailed: 0, known: new Map(), features: new Map() };
  try {
    for (let seed = first; seed < first + count; seed += 1) await compareOne(generateCase(seed), base, cwltool, tally);
  } finally {
    cwltool.stop();
    rmSync(base, { recursive: true, force: true });
  }
  report(tally);
  return tally.failed === 0 ? 0 : 1;
}

async function compareOne(made: FuzzCase, base: string, cwltool: Cwltool, tally: Tally): Promise<void> {
  const folder = join(base, String(made.seed));
  mkdirSync(folder);
  const process = join(folder, 'process.cwl');
  const job = join(folder, 'job.json');
  writeFileSync(process, JSON.stringify(made.document, null, 2));
  writeFileSync(job, JSON.stringify(onDisk(made.job, folder), null, 2));
  const [ours, theirs] = await Promise.all([runOurs(folder, process, job), cwltool.run(join(folder, 'theirs'), process, job)]);
  const difference = differenceOf(ours, theirs);
  for (const feature of made.features) tally.features.set(feature, (tally.features.get(feature) ?? 0) + 1);
  const rule = difference === undefined ? undefined : knownDifference(made, ours, theirs);
  if (difference === undefined) {
    tally.passed += 1;
    if ('failed' in ours) tally.bothFailed += 1;
  } else if (rule !== undefined) {
    tally.passed += 1;
    tally.known.set(rule, (tally.known.get(rule) ?? 0) + 1);
  } else {
    tally.failed += 1;
    console.log(`failed: seed ${made.seed}: ${difference}`);
    keep(made);
  }
  rmSync(folder, { recursive: true, force: true });
}

function runOurs(folder: string, process: string, job: string): Promise<Ended> {
  const args = ['--quiet', '--no-container', '--outdir', join(folder, 'ours'), process, job];
  return new Promise((done, fail) => {
    const child = spawn(join(root, 'bin/runnel-cwl'), args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', fail);
    child.once('close', (code) => done(code === 0 ? { outputs: JSON.parse(out) as JsonObject } : { failed: err }));
  });
}

function keep(made: FuzzCase): void {
  const folder = process.env['KEEP'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${made.seed}.cwl`), JSON.stringify(made.document, null, 2));
  writeFileSync(join(folder, `${made.seed}.json`), JSON.stringify(made.job, null, 2));
}

function report({ passed, failed, bothFailed, known, features }: Tally): void {
  const covered = allFeatures.filter((feature) => features.has(feature));
  console.log(`coverage: ${covered.length} of ${allFeatures.length} features`);
  for (const feature of covered) console.log(`  ${String(features.get(feature)).padStart(5)} ${feature}`);
  for (const feature of allFeatures.filter((one) => !features.has(one))) console.log(`      - ${feature}`);
  for (const [rule, times] of known) console.log(`known difference, ${times} times: ${rule}`);
  console.log(`both refused or failed: ${bothFailed}`);
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
}

/** Python of a virtual environment of this user in which cwltool is, outside the clone. */
async function cwltoolPython(): Promise<string | undefined> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', 'venv-cwltool');
  const python = join(folder, 'bin/python3');
  if (existsSync(join(folder, 'bin/cwltool'))) return python;
  if ((await capture('python3', ['-m', 'venv', folder], root)).code !== 0) return undefined;
  return (await capture(join(folder, 'bin/pip'), ['install', '--quiet', version], root)).code === 0 ? python : undefined;
}
