import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { load, pythonProgram, root, rowPrinter, seconds, times } from './measure.ts';

const runnelCwl = join(root, 'bin/runnel-cwl');
/** Of so many tests one is run: all of them take cwltool five minutes. */
const step = Number(process.env['BENCH_SUITE_STEP'] ?? 10);
const suite = join(resolve(process.env['RUNNEL_SHARED'] ?? join(root, '../shared')), 'cwl/conformance');

/** What reading documents costs beside cwltool, in CPU seconds: a machine that is busy with other things changes them little. */
export async function benchCwlLoading(): Promise<void> {
  const cwltool = await pythonProgram('cwltool', ['cwltool'], 'cwltool');
  const print = rowPrinter(`reading of runnel-cwl beside cwltool, CPU seconds; ${load()}`);
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-'));
  const row = (what: string, target: string, commands: string[][], args: { ours?: string[]; theirs?: string[] } = {}): void => {
    const ours = cpuOf(runnelCwl, args.ours ?? [], commands, folder);
    const theirs = cwltool === undefined ? undefined : cpuOf(cwltool, args.theirs ?? [], commands, folder);
    const peer = theirs === undefined ? 'is not here' : seconds(theirs);
    print({ what, ours: seconds(ours), peer, ratio: theirs === undefined ? '' : times(ours / theirs), target });
  };
  try {
    const packed = join(folder, 'packed.cwl');
    writeFileSync(packed, packedWorkflow(5_000_000));
    row('a packed workflow of 5 MB, validated', '<= 0.2x', [['--validate', packed]]);
    if (!existsSync(suite)) return;
    const tests = join(suite, 'tests');
    row('a tool with a format of the 2.6 MB ontology', '<= 1 s', [
      ['--quiet', join(tests, 'formattest2.cwl'), join(tests, 'formattest2-job.json')],
    ]);
    const which = step === 1 ? 'the whole shared suite' : `one of ${step} tests of the shared suite`;
    row(which, '<= 0.2x', testsOfSuite(), { ours: ['--quiet'], theirs: ['--quiet', '--no-container'] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A workflow in one document whose steps call tools of their own, of about so many bytes. */
function packedWorkflow(bytes: number): string {
  const tool = (id: string) => ({
    class: 'CommandLineTool',
    id,
    doc: 'Words that say what it does. '.repeat(20),
    baseCommand: ['echo', id],
    inputs: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { type: 'string?', inputBinding: { prefix: `--${name}` } }])),
    outputs: { out: { type: 'stdout' } },
  });
  const count = Math.ceil(bytes / (JSON.stringify(tool('t1000')).length + 70));
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  const steps = Object.fromEntries(names.map((id, index) => [`s${index}`, { run: `#${id}`, in: { a: 'given' }, out: ['out'] }]));
  const main = { class: 'Workflow', id: 'main', inputs: { given: 'string' }, outputs: {}, steps };
  return JSON.stringify({ cwlVersion: 'v1.2', $graph: [main, ...names.map(tool)] });
}

function testsOfSuite(): string[][] {
  const tests = readFileSync(join(suite, 'conformance_dev.yaml'), 'utf8').split(/^(?=- )/m);
  return tests
    .filter((_, index) => index % step === 0)
    .flatMap((text) => {
      const [tool, job] = ['tool', 'job'].map((name) => new RegExp(`^  ${name}: (\\S+)$`, 'm').exec(text)?.[1]);
      if (tool === undefined) return [];
      return [[tool, job].flatMap((path) => (path === undefined ? [] : [join(suite, path)]))];
    });
}

/** User and system time of commands that are run one after the other, with their children; how they end does not matter. */
function cpuOf(program: string, options: string[], commands: string[][], cwd: string): number {
  const script = 'while [ $# -gt 0 ]; do eval "$1" >/dev/null 2>&1; shift; done; times';
  const quoted = commands.map((words) => [program, ...options, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '));
  const said = execFileSync('bash', ['-c', script, 'bench', ...quoted], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const children = said.trim().split('\n').at(-1) ?? '';
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
}
