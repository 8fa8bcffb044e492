/**
 * The official CWL tests through the services: each process is deployed over the api of a `runnel up` of this script's own, executed, and its
 * outputs are compared by cwltest. What differs by nature stands with its reason in test/conformance/services/differs.json: such a test must fail,
 * so that the list cannot grow old. The last line is `N passed, N failed, N differ, N skipped`.
 *
 *   node scripts/conformance-services.ts            PORT=… for the api (default: a free one), TESTS=id,id for a part
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { serveFolder } from '../test/conformance/services/serve-folder.ts';
import { newFolder, removeFolder, startUp } from '../test/journeys/up.ts';
import { capture, cwltestPath, missingForOfficialTests, officialTests } from './cwltest.ts';

const root = join(import.meta.dirname, '..');
const services = join(root, 'test/conformance/services');

/** One test of the list, in the very text that it has there: numbers written otherwise would be other numbers to the judge. */
interface Test {
  id: string;
  text: string;
}

const missing = await missingForOfficialTests();
const cwltest = await cwltestPath();
if (missing !== undefined || cwltest === undefined) {
  console.log(`skipped: CWL conformance suite through the services: ${missing}\n0 passed, 0 failed, 0 differ, 1 skipped`);
} else {
  process.exitCode = await judge(cwltest);
}

async function judge(judge: string): Promise<number> {
  const suite = dirname(officialTests);
  const chosen = process.env['TESTS']?.split(',');
  const tests = testsIn(readFileSync(officialTests, 'utf8')).filter(({ id }) => chosen?.includes(id) ?? true);
  const differs = JSON.parse(readFileSync(join(services, 'differs.json'), 'utf8')) as Record<string, string>;
  const failed = await failedTests(judge, suite, tests);
  const unexplained = [...failed.keys()].filter((id) => differs[id] === undefined);
  const outdated = tests.filter(({ id }) => differs[id] !== undefined && !failed.has(id));
  for (const id of unexplained) console.log(`failed: ${id}\n${failed.get(id)}`);
  for (const { id } of outdated) console.log(`failed: ${id} passes: take it off test/conformance/services/differs.json`);
  const differing = [...failed.keys()].filter((id) => differs[id] !== undefined);
  for (const id of differing) console.log(`differs: ${id}: ${differs[id]}`);
  const wrong = unexplained.length + outdated.length;
  console.log(`${tests.length - wrong - differing.length} passed, ${wrong} failed, ${differing.length} differ, 0 skipped`);
  return wrong === 0 ? 0 : 1;
}

function testsIn(list: string): Test[] {
  return list.split(/^(?=- )/m).flatMap((text) => {
    const id = /^(?:- | {2})id: (\S+)$/m.exec(text)?.[1];
    return id === undefined ? [] : [{ id, text }];
  });
}

/** Ids of the tests that failed, each with what cwltest said. */
async function failedTests(judge: string, suite: string, tests: readonly Test[]): Promise<Map<string, string>> {
  const scratch = mkdtempSync(join(tmpdir(), 'runnel-services-'));
  const data = newFolder();
  const files = await serveFolder(suite);
  const port = process.env['PORT'] === undefined ? {} : { port: Number(process.env['PORT']) };
  const up = await startUp({ folder: data, ...port, args: ['--outbound-hosts', '127.0.0.1', '--expression-seconds', '60'] });
  try {
    const held = await files.uploadTo(`${up.url}/workspaces/demo/files/suite`, up.env['RUNNEL_TOKEN'] ?? '');
    // Beside a list stands what its tests name.
    for (const name of readdirSync(suite)) symlinkSync(join(suite, name), join(scratch, name));
    writeFileSync(join(scratch, 'chosen.yaml'), tests.map(({ text }) => text).join(''));
    const env = { ...up.env, SUITE_FOLDER: scratch, SUITE_URL: files.url, SUITE_FILES: held, TMPDIR: scratch };
    const options = ['--test', 'chosen.yaml', '--tool', join(services, 'run-on-services.ts'), '-j2', '--timeout', '120'];
    const { output } = await capture(judge, [...options, '--verbose'], scratch, env);
    return failuresIn(output, tests);
  } finally {
    await up.stop();
    await files.close();
    removeFolder(data);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** cwltest counts from one, and tells of a failure in the lines after its head. */
function failuresIn(output: string, tests: readonly Test[]): Map<string, string> {
  const failures = new Map<string, string>();
  const heads = [...output.matchAll(/^.*Test (\d+) (?:failed|timed out).*$/gm)];
  for (const { 1: number, index } of heads) {
    const said = output.slice(index, index + 2000).split(/\n(?=Test \[)/)[0] ?? '';
    failures.set(tests[Number(number) - 1]?.id ?? '', said.split('\n').slice(0, 12).join('\n'));
  }
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const counted = /(\d+) failures/.exec(last);
  if (!last.includes('All tests passed') && Number(counted?.[1] ?? -1) !== failures.size)
    throw new Error(`cwltest counted otherwise than this script (${failures.size} failures):\n${output.slice(-2000)}`);
  return failures;
}
