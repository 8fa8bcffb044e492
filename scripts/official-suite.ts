/** The official CWL conformance tests that lie beside the repository (or in RUNNEL_SHARED), through cwltest, with bin/runnel-cwl. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface SuiteOutcome {
  passed: number;
  failed: number;
  skipped: string[];
}

const root = join(import.meta.dirname, '..');
const cwltest = 'cwltest==2.7.20260814150058';

/**
 * Skipped by name where the suite or Python is absent; tests that the runner calls unsupported count as skipped, each by name. Images are built
 * first: where that is not possible, what needs them is among the unsupported.
 */
export async function runOfficialSuite(): Promise<SuiteOutcome> {
  const shared = resolve(process.env['RUNNEL_SHARED'] ?? join(root, '../shared'));
  const suite = join(shared, 'cwl/conformance/conformance_dev.yaml');
  if (!existsSync(suite)) return { passed: 0, failed: 0, skipped: ['CWL conformance suite: no cwl/conformance beside the repository'] };
  const tool = await cwltestPath();
  if (tool === undefined)
    return { passed: 0, failed: 0, skipped: ['CWL conformance suite: cwltest cannot be installed (python3 -m venv, pip)'] };
  const rootfs = await capture(process.execPath, [join(root, 'scripts/rootfs.ts')], root);
  if (rootfs.code !== 0) console.error(rootfs.output.trim());
  const { output } = await capture(
    tool,
    ['--test', suite, '--tool', join(root, 'bin/runnel-cwl'), '-j2', '--timeout', '120', '--verbose'],
    dirname(suite),
  );
  return countOf(output);
}

/** cwltest's last line is its verdict: its JUnit file leaves out "should fail but did not". */
function countOf(output: string): SuiteOutcome {
  const lines = output.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  const total = Number(/Test \[\d+\/(\d+)\]/.exec(output)?.[1] ?? 0);
  if (last.includes('All tests passed')) return { passed: total, failed: 0, skipped: [] };
  const counted = /(\d+) tests? passed, (\d+) failures?, (\d+) unsupported/.exec(last);
  if (counted === null) {
    console.error(lines.slice(-20).join('\n'));
    return { passed: 0, failed: 1, skipped: [] };
  }
  const [passed, failed, unsupported] = counted.slice(1).map(Number) as [number, number, number];
  const names = lines
    .filter((line) => /unsupported/i.test(line) && /Test \d+/i.test(line))
    .map((line) => `CWL conformance: ${line.trim()}`);
  while (names.length < unsupported) names.push(`CWL conformance: unsupported test ${names.length + 1} of ${unsupported}`);
  if (failed > 0) console.error(lines.filter((line) => /failed|Returned|Compare failure/i.test(line)).join('\n'));
  return { passed, failed, skipped: names.slice(0, unsupported) };
}

/** cwltest in a virtual environment of this user, outside the clone. */
async function cwltestPath(): Promise<string | undefined> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', 'venv-cwltest');
  const program = join(folder, 'bin/cwltest');
  if (existsSync(program)) return program;
  const made = await capture('python3', ['-m', 'venv', folder], root);
  if (made.code !== 0) return undefined;
  const installed = await capture(join(folder, 'bin/pip'), ['install', '--quiet', cwltest], root);
  return installed.code === 0 ? program : undefined;
}

function capture(program: string, args: string[], cwd: string): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => done({ code: 127, output: String(error) }));
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}
