import { describe, expect, it } from '@jest/globals';
import { references, required } from './given.fixture.ts';
import type { CwlVersion, Json } from './model.ts';
import { resources, runtimeFor } from './resources.ts';

function request(fields: { [name: string]: Json }, cwlVersion: CwlVersion = 'v1.2') {
  const requirements = required({ ResourceRequirement: fields });
  return resources({ requirements, evaluator: references(), inputs: { n: 3, file: { class: 'File', size: 2.5 }, none: null }, cwlVersion });
}
const seen = async (fields: { [name: string]: Json }) => runtimeFor(await request(fields), '/out', '/tmp/t');

describe('resources', () => {
  it('has the defaults of the version', async () => {
    expect(await request({})).toEqual({
      coresMin: 1,
      coresMax: 1,
      ramMin: 256,
      ramMax: 256,
      tmpdirMin: 1024,
      tmpdirMax: 1024,
      outdirMin: 1024,
      outdirMax: 1024,
    });
    expect(await request({}, 'v1.0')).toMatchObject({ ramMin: 1024 });
  });
  it('a bound that is missing is the other one', async () => {
    expect(await request({ coresMin: 4, ramMax: 100, tmpdirMin: 1, tmpdirMax: 2 })).toMatchObject({
      coresMin: 4,
      coresMax: 4,
      ramMin: 100,
      ramMax: 100,
      tmpdirMin: 1,
      tmpdirMax: 2,
    });
  });
  it('fractions of cores are kept, of the rest rounded up', async () => {
    expect(await request({ coresMin: 0.25, ramMin: 100.1, outdirMin: '$(inputs.file.size)' })).toMatchObject({
      coresMin: 0.25,
      ramMin: 101,
      outdirMin: 3,
    });
  });
  it('expressions may give null for the default', async () => {
    expect(await request({ coresMin: '$(inputs.n)', ramMin: '$(inputs.none)' })).toMatchObject({ coresMin: 3, ramMin: 256 });
  });
  it.each<[{ [name: string]: Json }, string]>([
    [{ coresMin: -1 }, 'requirements.ResourceRequirement.coresMin: must be a number that is not negative, not -1'],
    [{ ramMin: '$(inputs)' }, 'ramMin: must be a number'],
    [{ coresMin: 2, coresMax: 1 }, 'coresMax: 1 is less than coresMin, 2'],
  ])('%j is refused', async (fields, reason) => {
    await expect(request(fields)).rejects.toThrow(reason);
  });
});

describe('runtimeFor', () => {
  it('gives whole numbers of at least one', async () => {
    expect(await seen({ coresMin: 0.5, ramMin: 0, outdirMin: 2.2 })).toEqual({
      outdir: '/out',
      tmpdir: '/tmp/t',
      cores: 1,
      ram: 1,
      outdirSize: 3,
      tmpdirSize: 1024,
    });
    expect(await seen({ coresMin: 1.25 })).toMatchObject({ cores: 2 });
  });
});
