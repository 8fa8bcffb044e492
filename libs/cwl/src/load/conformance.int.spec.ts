import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { bindInputs } from '../check/bind-inputs.ts';
import { loadAndCheck } from './load-package.ts';
import { parseInputs } from './parse-inputs.ts';

interface ConformanceTest {
  id: string;
  tool: string;
  job?: string;
  should_fail?: boolean;
}

const root = resolve(import.meta.dirname, '../../../..');
const folder = join(process.env['RUNNEL_SHARED'] ?? join(root, '../shared'), 'cwl/conformance');
const suite = join(folder, 'conformance_dev.yaml');
const present = existsSync(suite);
const tests = present ? (parse(readFileSync(suite, 'utf8')) as ConformanceTest[]) : [];
const read = async (uri: string) => readFile(new URL(uri), 'utf8');

function addressOf(reference: string): string {
  const [file = '', fragment] = reference.split('#');
  return pathToFileURL(join(folder, file)).href + (fragment === undefined ? '' : `#${fragment}`);
}

/** Tests without a job must fail by their document alone, if at all: nothing else is wrong with them. */
async function loadWithInputs({ tool, job }: ConformanceTest): Promise<string[]> {
  const loaded = await loadAndCheck(addressOf(tool), read);
  const faults = loaded.diagnostics.filter((one) => one.severity === 'error');
  const main = loaded.package?.processes[loaded.package.main];
  if (!main) return faults.map((one) => `${one.position?.file}:${one.position?.line} ${one.message}`);
  const inputs =
    job === undefined
      ? { job: { inputs: {} } }
      : parseInputs(await read(addressOf(job)), addressOf(job), { namespaces: loaded.package?.namespaces ?? {} });
  if ('diagnostics' in inputs) return inputs.diagnostics.map((one) => one.message);
  const bound = bindInputs(main, inputs.job.inputs);
  return 'diagnostics' in bound ? bound.diagnostics.map((one) => one.message) : [];
}

const suiteOf = present ? describe : describe.skip;

suiteOf(`documents of the conformance tests${present ? '' : ' (not found: set RUNNEL_SHARED)'}`, () => {
  it('load, check and take their inputs wherever the test is to succeed', async () => {
    const refused: string[] = [];
    for (const test of tests.filter((one) => !one.should_fail))
      refused.push(...(await loadWithInputs(test)).map((fault) => `${test.id}: ${fault}`));
    expect(refused).toEqual([]);
    expect(tests.length).toBeGreaterThan(0);
  });

  it('are refused where a test without inputs is to fail, each fault with its place', async () => {
    const invalid = tests.filter((one) => one.should_fail && one.job === undefined);
    for (const test of invalid) {
      const { package: pkg, diagnostics } = await loadAndCheck(addressOf(test.tool), read);
      expect(pkg).toBeUndefined();
      for (const one of diagnostics) expect(one.position?.line).toBeGreaterThan(0);
    }
    expect(invalid.length).toBeGreaterThan(0);
  });
});
