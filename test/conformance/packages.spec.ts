import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeProcess, loadAndCheck } from '@runnel/cwl';
import { parse } from 'yaml';

import { startUp, type Up } from '../journeys/up.ts';
import { runProcess, withContents } from './run-process.ts';

interface ApplicationPackage {
  file: string;
  id: string;
  inputs: string[];
  required: string[];
  job: unknown;
  gives: { [output: string]: unknown };
}

const folder = join(import.meta.dirname, 'packages');
const packages = parse(readFileSync(join(folder, 'packages.yaml'), 'utf8')) as ApplicationPackage[];
let base: string;
beforeAll(() => void (base = mkdtempSync(join(tmpdir(), 'runnel-packages-'))));
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe.each(packages.map((one) => [one.file, one] as const))('application package %s', (_file, one) => {
  const text = readFileSync(join(folder, one.file), 'utf8');

  it('is loaded as a platform does, by its first workflow, and described', async () => {
    const loaded = await loadAndCheck('file:///app.cwl', () => Promise.resolve(text), { entry: 'first-workflow' });
    expect(loaded.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (loaded.package === undefined) throw new Error('not loaded');
    expect(loaded.package.main).toBe(one.id);
    const { inputs } = describeProcess(loaded.package, one.id);
    expect(Object.keys(inputs)).toEqual(one.inputs);
    expect(Object.keys(inputs).filter((id) => inputs[id]?.minOccurs === 1)).toEqual(one.required);
  });

  it('runs', async () => {
    const { code, out, err } = await runProcess(base, { 'process.cwl': text, 'job.json': one.job }, [`process.cwl#${one.id}`, 'job.json']);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(withContents(JSON.parse(out))).toMatchObject(one.gives);
  });
});

describe('the services', () => {
  let up: Up;
  beforeAll(async () => void (up = await startUp()));
  afterAll(() => up.stop());

  it.each(packages.map((one) => [one.id, one] as const))('deploy, describe and run %s', async (id, one) => {
    await up.runnel(['deploy', join(folder, one.file)]);
    const described = (await (await up.request(`/demo/ogc-api/processes/${id}`)).json()) as { inputs: object };
    expect(Object.keys(described.inputs).sort()).toEqual([...one.inputs].sort());
    const job = join(base, `${id}.json`);
    writeFileSync(job, JSON.stringify(one.job));
    await up.runnel(['run', id, job]);
  });
});
