import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn, load, measure, pythonProgram, root, rowPrinter, seconds, times, type Measured, type Row } from './measure.ts';

/** The long ones run once: three rounds of the peer's would take minutes. */
const cases = [
  { name: 'echo', document: 'echo.cwl', job: 'job_echo.json', target: 7, rounds: 3 },
  { name: 'chain of 50', document: 'chain50.cwl', job: 'job_chain.json', target: 8, rounds: 3 },
  { name: 'scatter 1000', document: 'scatter.cwl', job: 'job_1000.json', target: 8, rounds: 1 },
  { name: 'scatter 1000, JavaScript', document: 'scatter_js.cwl', job: 'job_1000.json', target: 10, rounds: 1 },
];

const bench = join(root, 'test/bench');

/** runnel-cwl beside cwltool, in turn; then beside bare spawns of the same commands; then 10 times as much. No isolation on either side. */
export async function benchRunnelCwl(): Promise<void> {
  const cwltool = await pythonProgram('cwltool', ['cwltool'], 'cwltool');
  const print = rowPrinter(`runnel-cwl beside cwltool; isolation: none; ${load()}`);
  const peak: Record<string, number> = {};
  for (const one of cases) {
    const { row, memory } = await besideCwltool(one, cwltool);
    peak[one.name] = memory;
    print(row);
  }
  print(await besideBareSpawns());
  print(await tenTimes(peak['scatter 1000'] ?? Number.NaN));
  console.log(`${load()}\n`);
}

async function besideCwltool(
  { name, document, job, target, rounds }: (typeof cases)[number],
  cwltool: string | undefined,
): Promise<{ row: Row; memory: number }> {
  const commands: Record<string, () => Promise<Measured>> = { ours: () => ours(document, job) };
  if (cwltool !== undefined)
    commands['peer'] = () => inFolder((out) => measure(cwltool, ['--quiet', '--no-container', '--outdir', out, document, job], bench));
  const { ours: mine, peer } = await inTurn(rounds, commands);
  if (mine === undefined) throw new Error('no runs');
  const row: Row = {
    what: `${name} (wall, peak memory)`,
    ours: `${seconds(mine.wall)} ${mine.memory.toFixed(0)} MB`,
    peer: peer === undefined ? 'is not here' : `${seconds(peer.wall)} ${peer.memory.toFixed(0)} MB`,
    ratio: peer === undefined ? '' : `${times(peer.wall / mine.wall)}, memory ${times(mine.memory / peer.memory)}`,
    target: `>= ${target}x, memory <= 1.5x`,
  };
  return { row, memory: mine.memory };
}

const ours = (document: string, job: string): Promise<Measured> =>
  inFolder((out) => measure(join(root, 'bin/runnel-cwl'), ['--quiet', `--outdir=${out}`, document, job], bench));

async function besideBareSpawns(): Promise<Row> {
  const { ours: mine, bare } = await inTurn(3, {
    ours: () => ours('scatter.cwl', 'job_1000.json'),
    bare: () => measure(process.execPath, [join(bench, 'bare-spawns.ts'), '1000', '2']),
  });
  if (mine === undefined || bare === undefined) throw new Error('no runs');
  return {
    what: 'scatter 1000 beside 1000 bare spawns, two at a time',
    ours: seconds(mine.wall),
    peer: seconds(bare.wall),
    ratio: times(mine.wall / bare.wall),
    target: '<= 1.4x',
  };
}

async function tenTimes(peakAtThousand: number): Promise<Row> {
  return inFolder(async (folder) => {
    const job = join(folder, 'job.json');
    writeFileSync(job, JSON.stringify({ nums: Array.from({ length: 10_000 }, (_, i) => i) }));
    const large = await ours(join(bench, 'scatter.cwl'), job);
    return {
      what: 'scatter 10,000 (peak memory beside 1,000)',
      ours: `${seconds(large.wall)} ${large.memory.toFixed(0)} MB`,
      peer: `${peakAtThousand.toFixed(0)} MB`,
      ratio: times(large.memory / peakAtThousand),
      target: 'flat',
    };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
