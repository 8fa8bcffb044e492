import { describe, expect, it } from '@jest/globals';
import { references, required, runtime, tool } from '../given.fixture.ts';
import type { CommandLineBinding, CommandLineTool, CwlType, InputParameter, Json, JsonObject, Requirement } from '../model.ts';
import { buildCommand, exitMeaning } from './build-command.ts';

type Classes = { [name: string]: Omit<Requirement, 'class'> };

function build(fields: Partial<CommandLineTool>, inputs: JsonObject = {}, classes: Classes = {}) {
  return buildCommand(tool(fields), inputs, { requirements: required(classes), evaluator: references(), runtime });
}
const argv = async (fields: Partial<CommandLineTool>, inputs: JsonObject = {}, classes: Classes = {}) =>
  (await build(fields, inputs, classes)).argv.slice(1);

/** Arguments that one input gives. */
function bound(type: CwlType, inputBinding: CommandLineBinding | undefined, value: Json): Promise<string[]> {
  const input: InputParameter = { id: 'x', type, ...(inputBinding !== undefined && { inputBinding }) };
  return argv({ inputs: [input] }, { x: value });
}
const file = { class: 'File', path: '/in/0/a b.txt', basename: 'a b.txt' };
const strings: CwlType = { type: 'array', items: 'string' };

describe('one value', () => {
  it.each<[string, CwlType, CommandLineBinding | undefined, Json, string[]]>([
    ['a string', 'string', {}, 'a b', ['a b']],
    ['with prefix', 'string', { prefix: '-x' }, 'v', ['-x', 'v']],
    ['with prefix, not separate', 'string', { prefix: '-x=', separate: false }, 'v', ['-x=v']],
    ['an empty string', 'string', { prefix: '-x' }, '', ['-x', '']],
    ['an int', 'int', {}, -3, ['-3']],
    ['zero', 'int', { prefix: '-n' }, 0, ['-n', '0']],
    ['a small number', 'double', {}, 0.0000123, ['0.0000123']],
    ['a large number', 'double', {}, 1e21, ['1000000000000000000000']],
    ['true', 'boolean', { prefix: '-b' }, true, ['-b']],
    ['true without prefix', 'boolean', {}, true, []],
    ['false', 'boolean', { prefix: '-b' }, false, []],
    ['null', ['null', 'string'], { prefix: '-x' }, null, []],
    ['a file', 'File', { prefix: '-f' }, file, ['-f', '/in/0/a b.txt']],
    ['no binding', 'string', undefined, 'v', []],
    ['an enum', { type: 'enum', symbols: ['a', 'b'] }, { prefix: '-e' }, 'b', ['-e', 'b']],
    [
      'an enum with a binding of its own',
      { type: 'enum', symbols: ['a'], inputBinding: { prefix: '--own' } },
      undefined,
      'a',
      ['--own', 'a'],
    ],
    ['a union', ['null', 'int', strings], { prefix: '-u' }, ['a', 'b'], ['-u', 'a', 'b']],
    ['Any', 'Any', { prefix: '-a' }, ['a', 1], ['-a', 'a', '1']],
  ])('%s', async (_name, type, binding, value, expected) => expect(await bound(type, binding, value)).toEqual(expected));
});

describe('arrays', () => {
  const ints: CwlType = { type: 'array', items: 'int' };
  const each = (inputBinding: CommandLineBinding): CwlType => ({ type: 'array', items: 'string', inputBinding });
  it.each<[string, CwlType, CommandLineBinding | undefined, Json, string[]]>([
    ['prefix once, then the items', strings, { prefix: '-x' }, ['a', 'b'], ['-x', 'a', 'b']],
    ['joined', strings, { prefix: '-x', itemSeparator: ',' }, ['a', 'b'], ['-x', 'a,b']],
    ['joined and not separate', ints, { prefix: '-x=', itemSeparator: ',', separate: false }, [1, 2], ['-x=1,2']],
    ['empty adds nothing, not even the prefix', strings, { prefix: '-x' }, [], []],
    ['empty and joined', strings, { prefix: '-x', itemSeparator: ',' }, [], []],
    ['a prefix for each item', each({ prefix: '-i' }), undefined, ['a', 'b'], ['-i', 'a', '-i', 'b']],
    ['both prefixes', each({ prefix: '-i' }), { prefix: '-x' }, ['a', 'b'], ['-x', '-i', 'a', '-i', 'b']],
    ['each item, not separate', each({ prefix: '-i', separate: false }), {}, ['a', 'b'], ['-ia', '-ib']],
    ['more than nine keep their order', ints, {}, [...Array(12).keys()], [...Array(12).keys()].map(String)],
    [
      'arrays of arrays',
      { type: 'array', items: strings, inputBinding: { prefix: '-o' } },
      {},
      [['a', 'b'], ['c']],
      ['-o', 'a', 'b', '-o', 'c'],
    ],
    [
      'arrays of arrays, inner joined',
      { type: 'array', items: strings, inputBinding: { prefix: '-o', itemSeparator: '+' } },
      {},
      [['a', 'b'], ['c']],
      ['-o', 'a+b', '-o', 'c'],
    ],
    ['booleans', { type: 'array', items: 'boolean', inputBinding: { prefix: '-v' } }, undefined, [true, false, true], ['-v', '-v']],
  ])('%s', async (_name, type, binding, value, expected) => expect(await bound(type, binding, value)).toEqual(expected));
});

describe('records', () => {
  const record: CwlType = {
    type: 'record',
    fields: [
      { name: 'z', type: 'string', inputBinding: { position: 1, prefix: '-z' } },
      { name: 'a', type: 'int', inputBinding: { position: 2, prefix: '-a' } },
      { name: 'quiet', type: ['null', 'string'] },
      { name: 'first', type: ['null', 'boolean'], inputBinding: { prefix: '--first' } },
    ],
  };
  it('fields in the order of their positions', async () => {
    expect(await bound(record, undefined, { a: 1, z: 'x', quiet: 'q', first: true })).toEqual(['--first', '-z', 'x', '-a', '1']);
  });
  it('the prefix of the record comes first', async () => {
    expect(await bound(record, { prefix: '--rec' }, { a: 1, z: 'x', first: null })).toEqual(['--rec', '-z', 'x', '-a', '1']);
  });
  it('arrays of records stay together', async () => {
    const records = [
      { a: 1, z: 'x' },
      { a: 2, z: 'y' },
    ];
    expect(await bound({ type: 'array', items: record }, {}, records)).toEqual(['-z', 'x', '-a', '1', '-z', 'y', '-a', '2']);
  });
  it('valueFrom replaces the whole record', async () => {
    expect(await bound(record, { prefix: '-r', valueFrom: '$(self.z)' }, { a: 1, z: 'x' })).toEqual(['-r', 'x']);
  });
});

describe('order', () => {
  const input = (id: string, position?: number | string): InputParameter => ({
    id,
    type: 'string',
    inputBinding: { ...(position !== undefined && { position }), prefix: `-${id}` },
  });
  const order = async (fields: Partial<CommandLineTool>, inputs: JsonObject) =>
    (await argv(fields, inputs)).filter((word) => word.startsWith('-'));

  it('position, then arguments by index, then inputs by name', async () => {
    const inputs = [input('b'), input('a'), input('early', -1), input('late', 10)];
    const values = { a: '1', b: '1', early: '1', late: '1' };
    expect(await order({ inputs, arguments: ['-arg0', '-arg1', { position: 10, valueFrom: '-arg2' }] }, values)).toEqual([
      '-early',
      '-arg0',
      '-arg1',
      '-a',
      '-b',
      '-arg2',
      '-late',
    ]);
  });

  it('positions may be expressions that see the value as self', async () => {
    const inputs = [input('a', '$(inputs.n)'), input('b', '$(self.length)')];
    const evaluator = references('v1.2', () => Promise.resolve(0));
    const { argv: words } = await buildCommand(
      tool({ inputs }),
      { n: 3, a: 'x', b: 'xy' },
      { requirements: required(), evaluator, runtime },
    );
    expect(words.filter((word) => word.startsWith('-'))).toEqual(['-b', '-a']);
    await expect(argv({ inputs: [input('a', '$(inputs.n)')] }, { n: 'x', a: '' })).rejects.toThrow(
      'inputs.a.inputBinding.position: must give a whole number or null, not the string "x"',
    );
  });

  it('names are compared as bytes', async () => {
    expect(
      await order(
        { inputs: ['b', 'B', 'a', '\u{1F600}', '\uFFFD'].map((id) => input(id)) },
        { a: '', b: '', B: '', '\u{1F600}': '', '\uFFFD': '' },
      ),
    ).toEqual(['-B', '-a', '-b', '-\uFFFD', '-\u{1F600}']);
  });
});

describe('valueFrom', () => {
  it('replaces the value, also by a constant', async () => {
    expect(await bound('File', { prefix: '-f', valueFrom: '$(self.basename)' }, file)).toEqual(['-f', 'a b.txt']);
    expect(await bound('string', { valueFrom: 'constant' }, 'x')).toEqual(['constant']);
  });
  it('is not evaluated for null', async () => {
    expect(await bound(['null', 'File'], { valueFrom: '$(self.basename)' }, null)).toEqual([]);
  });
  it('in arguments self is null', async () => {
    expect(await argv({ arguments: ['$(self)', 'x$(self)', { prefix: '-p', valueFrom: '$(self)' }] })).toEqual(['xnull']);
  });
  it('gives whatever type it gives', async () => {
    expect(
      await argv(
        {
          arguments: [
            '$(inputs.list)',
            { prefix: '-j', itemSeparator: ':', valueFrom: '$(inputs.list)' },
            '$(inputs.flag)',
            '$(inputs.n)',
            '$(inputs.f)',
          ],
        },
        { list: ['a', 2], flag: true, n: 1.5, f: file },
      ),
    ).toEqual(['a', '2', '-j', 'a:2', '1.5', '/in/0/a b.txt']);
  });
  it('of an empty array adds nothing', async () => {
    expect(await argv({ arguments: [{ prefix: '-x', valueFrom: '$(inputs.list)' }] }, { list: [] })).toEqual([]);
  });
});

describe('shell', () => {
  it('quotes everything but what says shellQuote: false', async () => {
    const inputs: InputParameter[] = [{ id: 'x', type: 'string', inputBinding: { position: 1, prefix: '-x' } }];
    const command = await build(
      { inputs, baseCommand: ['my tool'], arguments: ['$(inputs.x)', { position: 2, valueFrom: '| wc -l', shellQuote: false }] },
      { x: "it's; $HOME" },
      { ShellCommandRequirement: {} },
    );
    expect(command).toMatchObject({ shell: true, argv: ['/bin/sh', '-c', `'my tool' 'it'"'"'s; $HOME' -x 'it'"'"'s; $HOME' | wc -l`] });
  });
  it('does not come into play without the requirement', async () => {
    expect(await build({ arguments: [{ valueFrom: '; rm -r *', shellQuote: false }] })).toMatchObject({
      shell: false,
      argv: ['tool', '; rm -r *'],
    });
  });
});

describe('streams', () => {
  it('are names or expressions', async () => {
    expect(await build({ stdin: '$(inputs.f.path)', stdout: '$(inputs.n).txt', stderr: 'err' }, { f: file, n: 1 })).toMatchObject({
      stdin: '/in/0/a b.txt',
      stdout: '1.txt',
      stderr: 'err',
    });
    expect(await build({ stdin: '$(inputs.f)' }, { f: null })).not.toHaveProperty('stdin');
  });
  it.each(['sub/out.txt', '/abs', '..', '$(inputs.n)', '$(inputs.none)'])('stdout %s is refused', async (stdout) => {
    await expect(build({ stdout }, { n: 1, none: null })).rejects.toThrow(/^stdout: /);
  });
});

describe('requirements', () => {
  it('HOME, TMPDIR and EnvVarRequirement make the environment', async () => {
    const envDef = [
      { envName: 'A', envValue: '$(inputs.a)' },
      { envName: 'B', envValue: '$(runtime.cores)' },
    ];
    expect((await build({}, { a: 'x y' }, { EnvVarRequirement: { envDef } })).env).toEqual({
      HOME: '/out',
      TMPDIR: '/tmp/t',
      A: 'x y',
      B: '1',
    });
    expect((await build({}, {}, { EnvVarRequirement: { envDef: { C: 'c' } } })).env).toMatchObject({ C: 'c' });
    await expect(build({}, { a: null }, { EnvVarRequirement: { envDef } })).rejects.toThrow(
      'requirements.EnvVarRequirement.A: must give a text, not nothing (null)',
    );
  });

  it.each<[Json, number | undefined]>([
    [3, 3],
    [0, undefined],
    ['$(inputs.seconds)', 5],
  ])('ToolTimeLimit %p', async (timelimit, seconds) => {
    expect((await build({}, { seconds: 5 }, { ToolTimeLimit: { timelimit } })).timeLimit).toBe(seconds);
  });
  it.each<Json>([-1, '$(inputs.text)'])('ToolTimeLimit %p is refused', async (timelimit) => {
    await expect(build({}, { text: 'x' }, { ToolTimeLimit: { timelimit } })).rejects.toThrow('not negative');
  });

  it('the network is off unless asked for, but on in v1.0', async () => {
    expect((await build({})).network).toBe(false);
    expect((await build({ cwlVersion: 'v1.0' })).network).toBe(true);
    expect((await build({}, { on: true }, { NetworkAccess: { networkAccess: '$(inputs.on)' } })).network).toBe(true);
  });

  it('WorkReuse may be switched off', async () => {
    expect([(await build({})).reuse, (await build({}, {}, { WorkReuse: { enableReuse: false } })).reuse]).toEqual([true, false]);
  });

  it('the image is said with whether it is required', async () => {
    expect((await build({}, {}, { DockerRequirement: { dockerPull: 'debian', dockerOutputDirectory: '/other' } })).image).toEqual({
      image: 'debian',
      pull: 'debian',
      outputDirectory: '/other',
      mandatory: true,
    });
  });
});

it('an empty command line is refused unless an image may have an entry point', async () => {
  await expect(build({ baseCommand: [] })).rejects.toThrow('the command line is empty');
  expect((await build({ baseCommand: [] }, {}, { DockerRequirement: { dockerPull: 'x' } })).argv).toEqual([]);
});

it.each([
  [0, 'success'],
  [1, 'permanentFailure'],
  [3, 'success'],
  [4, 'temporaryFailure'],
  [5, 'permanentFailure'],
] as const)('exit code %d is %s', (code, meaning) => {
  expect(exitMeaning(code, { successCodes: [3], temporaryFailCodes: [4], permanentFailCodes: [5] })).toBe(meaning);
});
