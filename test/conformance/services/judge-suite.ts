/** The official CWL tests through services that are running: cwltest compares what each execution gives back. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newFolder, removeFolder, startUp } from '../../journeys/up.ts';
import { capture, officialTests } from '../../../scripts/cwltest.ts';
import { serveFolder } from './serve-folder.ts';

const services = import.meta.dirname;

/** One test of the list, in the very text that it has there: numbers written otherwise would be other numbers to the judge. */
export interface SuiteTest {
  id: string;
  text: string;
}

export interface JudgeOptions {
  cwltest: string;
  chosen: (test: SuiteTest) => boolean;
  /** Names beside this file that hold `{id: reason}` for tests that differ by nature: they must fail, so that the lists cannot grow old. */
  differs: readonly string[];
  port?: number;
  /** Of `runnel up`. */
  args?: readonly string[];
  /** Tests at a time, and seconds for each. */
  atATime?: number;
  seconds?: number;
}

/** Runs the chosen tests; prints each that failed or differs, and the line of counts. Resolves with the exit code. */
export async function judgeSuite(options: JudgeOptions): Promise<number> {
  const tests = testsIn(readFileSync(officialTests, 'utf8')).filter(options.chosen);
  const reasons = options.differs.map((name) => JSON.parse(readFileSync(join(services, name), 'utf8')) as Record<string, string>);
  const differs: Record<string, string> = Object.assign({}, ...reasons);
  const failed = await failedTests(tests, options);
  const unexplained = [...failed.keys()].filter((id) => differs[id] === undefined);
  const outdated = tests.filter(({ id }) => differs[id] !== undefined && !failed.has(id));
  for (const id of unexplained) console.log(`failed: ${id}\n${failed.get(id)}`);
  for (const { id } of outdated) console.log(`failed: ${id} passes: take it off ${options.differs.join(' or ')}`);
  const differing = [...failed.keys()].filter((id) => differs[id] !== undefined);
  for (const id of differing) console.log(`differs: ${id}: ${differs[id]}`);
  const wrong = unexplained.length + outdated.length;
  console.log(`${tests.length - wrong - differing.length} passed, ${wrong} failed, ${differing.length} differ, 0 skipped`);
  return wrong === 0 ? 0 : 1;
}

function testsIn(list: string): SuiteTest[] {
  return list.split(/^(?=- )/m).flatMap((text) => {
    const id = /^(?:- | {2})id: (\S+)$/m.exec(text)?.[1];
    return id === undefined ? [] : [{ id, text }];
  });
}

/** Ids of the tests that failed, each with what cwltest said. */
async function failedTests(tests: readonly SuiteTest[], options: JudgeOptions): Promise<Map<string, string>> {
  const suite = dirname(officialTests);
  const scratch = mkdtempSync(join(tmpdir(), 'runnel-services-'));
  const data = newFolder();
  const files = await serveFolder(suite);
  const { cwltest, port, args = [], atATime = 2, seconds = 120 } = options;
  const up = await startUp({
    folder: data,
    ...(port !== undefined && { port }),
    args: ['--outbound-hosts', '127.0.0.1', '--expression-seconds', '60', ...args],
  });
  try {
    const held = await files.uploadTo(`${up.url}/workspaces/demo/files/suite`, up.env['RUNNEL_TOKEN'] ?? '');
    // Beside a list stands what its tests name.
    for (const name of readdirSync(suite)) symlinkSync(join(suite, name), join(scratch, name));
    writeFileSync(join(scratch, 'chosen.yaml'), tests.map(({ text }) => text).join(''));
    const faults = join(scratch, 'faults.jsonl');
    const env = { ...up.env, SUITE_FOLDER: scratch, SUITE_URL: files.url, SUITE_FILES: held, SUITE_FAULTS: faults, TMPDIR: scratch };
    const list = ['--test', 'chosen.yaml', '--tool', join(services, 'run-on-services.ts')];
    const { output } = await capture(cwltest, [...list, `-j${atATime}`, '--timeout', String(seconds), '--verbose'], scratch, env);
    return failuresIn(output, tests, faultsIn(faults));
  } finally {
    await up.stop();
    await files.close();
    removeFolder(data);
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Fault {
  /** Arguments of the call. */
  called: string;
  fault: string;
}

function faultsIn(file: string): Fault[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.map((line) => JSON.parse(line) as Fault);
}

/** cwltest counts from one, and tells of a failure in the lines after its head, with the call. */
function failuresIn(output: string, tests: readonly SuiteTest[], faults: readonly Fault[]): Map<string, string> {
  const failures = new Map<string, string>();
  const heads = [...output.matchAll(/^.*Test (\d+) (?:failed|timed out).*$/gm)];
  for (const { 1: number, index } of heads) {
    const said = output.slice(index, index + 2000).split(/\n(?=Test \[)/)[0] ?? '';
    const told = faults.filter(({ called }) => said.includes(called)).map(({ fault }) => fault);
    failures.set(tests[Number(number) - 1]?.id ?? '', [...said.split('\n').slice(0, 12), ...told].join('\n'));
  }
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const counted = /(\d+) failures/.exec(last);
  if (!last.includes('All tests passed') && Number(counted?.[1] ?? -1) !== failures.size)
    throw new Error(`cwltest counted otherwise than this script (${failures.size} failures):\n${output.slice(-2000)}`);
  return failures;
}
