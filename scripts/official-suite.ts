/** The official CWL conformance tests that lie beside the repository (or in RUNNEL_SHARED), through cwltest, with bin/runnel-cwl. */
import { dirname, join } from 'node:path';

import { capture, cwltestPath, missingForOfficialTests, officialTests } from './cwltest.ts';

export interface SuiteOutcome {
  passed: number;
  failed: number;
  skipped: string[];
}

const root = join(import.meta.dirname, '..');

/**
 * Skipped by name where the suite or Python is absent; tests that the runner calls unsupported count as skipped, each by name. Images are built
 * first: where that is not possible, what needs them is among the unsupported.
 */
export async function runOfficialSuite(): Promise<SuiteOutcome> {
  const missing = await missingForOfficialTests();
  const tool = await cwltestPath();
  if (missing !== undefined || tool === undefined) return { passed: 0, failed: 0, skipped: [`CWL conformance suite: ${missing}`] };
  const rootfs = await capture(process.execPath, [join(root, 'scripts/rootfs.ts')], root);
  if (rootfs.code !== 0) console.error(rootfs.output.trim());
  const { output } = await capture(
    tool,
    ['--test', officialTests, '--tool', join(root, 'bin/runnel-cwl'), '-j2', '--timeout', '120', '--verbose'],
    dirname(officialTests),
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
