import { describe, expect, it } from '@jest/globals';
import type { Requirement } from './model.ts';
import { isKnownRequirement, requirement, requirementsInForce } from './requirements.ts';

const level = (requirements: Requirement[], hints: Requirement[] = []) => ({ requirements, hints });
const docker = (dockerPull: string): Requirement => ({ class: 'DockerRequirement', dockerPull });
const pulled = (...levels: { requirements: Requirement[]; hints: Requirement[] }[]) => {
  const found = requirement(requirementsInForce(...levels), 'DockerRequirement');
  return found && [found.pull, found.mandatory];
};

describe('which one is in force', () => {
  it.each([
    ['the innermost requirement', [level([docker('tool')]), level([docker('step')]), level([docker('workflow')])], ['tool', true]],
    ['one inherited', [level([]), level([]), level([docker('workflow')])], ['workflow', true]],
    [
      'any requirement before every hint',
      [level([], [docker('tool')]), level([], [docker('step')]), level([docker('workflow')])],
      ['workflow', true],
    ],
    ['the innermost hint', [level([], [docker('tool')]), level([], [docker('workflow')])], ['tool', false]],
    ['the requirement before the hint of one level', [level([docker('a')], [docker('b')])], ['a', true]],
    ['the later one of a list', [level([docker('a'), docker('b')])], ['b', true]],
    ['none', [level([], [])], undefined],
  ])('%s', (_name, levels, expected) => expect(pulled(...levels)).toEqual(expected));

  it('extensions of v1.0 are known by their old names', () => {
    const inForce = requirementsInForce(
      level(
        [],
        [
          { class: 'http://commonwl.org/cwltool#TimeLimit', timelimit: 3 },
          { class: 'cwltool:LoadListingRequirement', loadListing: 'shallow_listing' },
        ],
      ),
    );
    expect(requirement(inForce, 'ToolTimeLimit')).toEqual({ seconds: 3, mandatory: false });
    expect(requirement(inForce, 'LoadListingRequirement')).toEqual({ loadListing: 'shallow_listing', mandatory: false });
  });
});

describe('normalised forms', () => {
  const read = <Class extends Parameters<typeof requirement>[1]>(name: Class, fields: Omit<Requirement, 'class'> = {}) => {
    const { mandatory: _mandatory, ...rest } = requirement(requirementsInForce(level([{ ...fields, class: name }])), name) ?? {
      mandatory: false,
    };
    return rest;
  };
  it.each<[Parameters<typeof requirement>[1], Omit<Requirement, 'class'>, object]>([
    [
      'DockerRequirement',
      { dockerPull: 'a', dockerImageId: 'b', dockerOutputDirectory: '/o' },
      { image: 'b', pull: 'a', outputDirectory: '/o' },
    ],
    ['EnvVarRequirement', { envDef: [{ envName: 'A', envValue: '1' }] }, { variables: [{ name: 'A', value: '1' }] }],
    [
      'EnvVarRequirement',
      { envDef: { A: '1', B: { envValue: '2' } } },
      {
        variables: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
    ],
    ['InitialWorkDirRequirement', { listing: '$(inputs.x)' }, { listing: '$(inputs.x)' }],
    ['InlineJavascriptRequirement', {}, { library: [] }],
    ['InlineJavascriptRequirement', { expressionLib: ['a', 'b'] }, { library: ['a', 'b'] }],
    ['InplaceUpdateRequirement', { inplaceUpdate: true }, { inplaceUpdate: true }],
    ['LoadListingRequirement', {}, { loadListing: 'no_listing' }],
    ['NetworkAccess', { networkAccess: '$(inputs.n)' }, { networkAccess: '$(inputs.n)' }],
    ['ResourceRequirement', { coresMin: 2, ramMax: '$(inputs.r)', other: 1 }, { coresMin: 2, ramMax: '$(inputs.r)' }],
    [
      'SoftwareRequirement',
      { packages: { samtools: { version: ['1.0'] }, bwa: ['https://x'] } },
      {
        packages: [
          { name: 'samtools', versions: ['1.0'], specs: [] },
          { name: 'bwa', versions: [], specs: ['https://x'] },
        ],
      },
    ],
    [
      'SoftwareRequirement',
      { packages: [{ package: 'bwa', specs: ['https://x'] }] },
      { packages: [{ name: 'bwa', versions: [], specs: ['https://x'] }] },
    ],
    ['ToolTimeLimit', { timelimit: 0 }, { seconds: 0 }],
    ['WorkReuse', {}, { enableReuse: true }],
    ['ShellCommandRequirement', {}, {}],
  ])('%s %j', (name, fields, expected) => expect(read(name, fields)).toEqual(expected));
});

it('isKnownRequirement tells classes of the standard from others', () => {
  expect(
    ['SubworkflowFeatureRequirement', 'https://w3id.org/cwl/cwl#WorkReuse', 'FancyRequirement', 'toString'].map(isKnownRequirement),
  ).toEqual([true, true, false, false]);
});
