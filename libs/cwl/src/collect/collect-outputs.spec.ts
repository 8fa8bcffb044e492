import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { givenFiles, references, required, runtime, tool } from '../given.fixture.ts';
import type { CommandLineTool, CwlType, CwlVersion, Json, JsonObject, OutputParameter, Requirement } from '../model.ts';
import type { EvaluateJavaScript } from '../ports.ts';
import { collectOutputs } from './collect-outputs.ts';

const content = {
  '/out/a.txt': 'alpha',
  '/out/b.txt': 'beta',
  '/out/B.txt': 'Beta',
  '/out/.hidden': 'h',
  '/out/sub/c.txt': 'gamma',
  '/out/sub/deep/d.bin': 'delta',
  '/out/empty': null,
  '/out/reads.bam': 'bam',
  '/out/reads.bam.bai': 'bai',
  '/out/reads.idx': null,
  '/in/0/x.txt': 'input',
  '/in/1/data/y.txt': 'in a directory',
};
const inputs: JsonObject = {
  x: { class: 'File', location: 'file:///host/x.txt', path: '/in/0/x.txt', basename: 'x.txt', size: 5, checksum: 'sha1$x' },
  data: { class: 'Directory', location: 'file:///host/data', path: '/in/1/data', basename: 'data' },
  name: 'a',
};

interface Given {
  files?: { [path: string]: string | null | { link: string } };
  evaluate?: EvaluateJavaScript;
  cwlVersion?: CwlVersion;
  classes?: { [name: string]: Omit<Requirement, 'class'> };
  readable?: string[];
  exitCode?: number;
}

function collectAll(outputs: CommandLineTool['outputs'], given: Given = {}) {
  const { files = {}, evaluate, cwlVersion = 'v1.2', classes = {}, readable = [], exitCode = 0 } = given;
  return collectOutputs(tool({ outputs, cwlVersion }), {
    runtime,
    exitCode,
    inputs,
    requirements: required(classes),
    evaluator: references(cwlVersion, evaluate),
    files: givenFiles({ ...content, ...files }),
    readable,
  });
}

async function collect(
  type: CwlType,
  glob: string | string[],
  more: Partial<OutputParameter> = {},
  given: Given = {},
): Promise<Json | undefined> {
  const { outputBinding, ...rest } = more;
  const parameter: OutputParameter = { id: 'o', type, outputBinding: { glob: [glob].flat(), ...outputBinding }, ...rest };
  const collected = await collectAll([parameter], given);
  return 'outputs' in collected ? collected.outputs['o'] : `${collected.failure.class}: ${collected.failure.reason}`;
}
const files: CwlType = { type: 'array', items: 'File' };
const optionalFile: CwlType = ['null', 'File'];
const paths = async (glob: string | string[], type: CwlType = { type: 'array', items: ['File', 'Directory'] }, given: Given = {}) => {
  const value = await collect(type, glob, {}, given);
  return Array.isArray(value) ? value.map((item) => (item as JsonObject)['path']) : value;
};

describe('glob', () => {
  it.each<[string | string[], string[]]>([
    ['a.txt', ['/out/a.txt']],
    ['*.txt', ['/out/B.txt', '/out/a.txt', '/out/b.txt']],
    ['*/c.txt', ['/out/sub/c.txt']],
    ['sub/*', ['/out/sub/c.txt', '/out/sub/deep']],
    ['*/*/d.*', ['/out/sub/deep/d.bin']],
    ['./sub/../a.txt', ['/out/a.txt']],
    ['/out/a.txt', ['/out/a.txt']],
    ['$(runtime.outdir)/sub/?.txt', ['/out/sub/c.txt']],
    ['.', ['/out']],
    ['/out', ['/out']],
    ['.hidden', ['/out/.hidden']],
    ['.h*', ['/out/.hidden']],
    [
      ['b.txt', 'a.*', 'b.*'],
      ['/out/b.txt', '/out/a.txt'],
    ],
    ['$(inputs.name).txt', ['/out/a.txt']],
    ['nothing*', []],
    ['a.txt/x', []],
    [[], []],
  ])('%j', async (glob, expected) => expect(await paths(glob)).toEqual(expected));

  it('an expression may give several patterns, or none', async () => {
    expect(await paths('$(f())', undefined, { evaluate: () => Promise.resolve(['sub/c.txt', 'a.txt']) })).toEqual([
      '/out/sub/c.txt',
      '/out/a.txt',
    ]);
    expect(await paths('$(f())', undefined, { evaluate: () => Promise.resolve(null) })).toEqual([]);
    expect(await paths('$(f())', undefined, { evaluate: () => Promise.resolve([1]) })).toBe(
      'outputs: outputs.o.outputBinding.glob: must give patterns, not the number 1',
    );
  });

  it.each(['/etc/passwd', '../x', 'sub/../../x', '/outside', '/in/0/x.txt'])('%s leads outside', async (glob) => {
    expect(await paths(glob)).toBe(`outputs: outputs.o.outputBinding.glob: ${glob} leads out of the output directory /out`);
  });
});

describe('types', () => {
  it('a single file has its names and size', async () => {
    expect(await collect('File', 'sub/c.txt')).toEqual({
      class: 'File',
      path: '/out/sub/c.txt',
      basename: 'c.txt',
      nameroot: 'c',
      nameext: '.txt',
      dirname: '/out/sub',
      size: 5,
    });
  });
  it('nothing is null or an empty list where the type allows it', async () => {
    expect(await collect(optionalFile, 'no')).toBeNull();
    expect(await collect(files, 'no')).toEqual([]);
    expect(await collect(['null', files], 'no')).toEqual([]);
    expect(await collect(['File', files], '*.bin')).toEqual([]);
  });
  it.each<[CwlType, string, string]>([
    ['File', 'no.*', 'the tool left nothing that matches "no.*", but File is expected'],
    ['File', '*.txt', '"*.txt" matches B.txt (File), a.txt (File), b.txt (File), but File is expected'],
    ['File', 'sub', '"sub" matches sub (Directory), but File is expected'],
    [files, 'sub/*', '"sub/*" matches c.txt (File), deep (Directory), but File[] is expected'],
    ['Directory', 'a.txt', '"a.txt" matches a.txt (File), but Directory is expected'],
    ['string', 'a.txt', '"a.txt" matches a.txt (File), but string is expected'],
  ])('%j of %s is refused', async (type, glob, reason) => {
    expect(await collect(type, glob)).toBe(`outputs: outputs.o.outputBinding.glob: ${reason}`);
  });
  it('a union takes what it finds', async () => {
    expect(await collect(['File', files], 'a.txt')).toMatchObject({ path: '/out/a.txt' });
    expect(await collect(['File', 'Directory'], 'sub')).toMatchObject({ class: 'Directory', path: '/out/sub' });
  });
  it('an output without a binding is null, or missing', async () => {
    expect(await collectAll([{ id: 'o', type: ['null', 'string'] }])).toEqual({ outputs: { o: null } });
    expect(await collectAll([{ id: 'o', type: 'string' }])).toEqual({
      failure: { class: 'outputs', reason: 'outputs.o: expected string, found nothing (null)' },
    });
  });
});

describe('loadContents, outputEval, format', () => {
  const contents: EvaluateJavaScript = ({ source, context }) =>
    Promise.resolve(JSON.parse(JSON.stringify(runInNewContext(source, { ...context }))) as Json);

  it('outputEval sees the matches with their contents', async () => {
    expect(await collect('string', 'a.txt', { outputBinding: { loadContents: true, outputEval: '$(self[0].contents)' } })).toBe('alpha');
    expect(await collect('int', '*.txt', { outputBinding: { outputEval: '$(self.length)' } })).toBe(3);
    expect(
      await collect(
        { type: 'array', items: 'string' },
        '*.txt',
        { outputBinding: { outputEval: '$(self.map(function (f) { return f.nameroot; }))' } },
        { evaluate: contents },
      ),
    ).toEqual(['B', 'a', 'b']);
  });
  it('and the exit code, since v1.1', async () => {
    const outputBinding = { outputEval: '$(runtime.exitCode)' };
    expect(await collect('int', [], { outputBinding }, { exitCode: 7 })).toBe(7);
    expect(await collect('int', [], { outputBinding }, { cwlVersion: 'v1.0' })).toContain('has no field "exitCode"');
  });
  it('and checksums, where it asks for them', async () => {
    expect(await collect('string', 'a.txt', { outputBinding: { outputEval: '$(self[0].checksum)' } })).toBe('sha1$of alpha');
  });
  it('null falls to an optional type, a list of one to a single file', async () => {
    expect(await collect(optionalFile, 'no', { outputBinding: { outputEval: '$(null)' } })).toBeNull();
    expect(await collect('File', 'a.txt', { outputBinding: { outputEval: '$(self)' } })).toMatchObject({ path: '/out/a.txt' });
  });
  it('a failing expression is a failure of the expression', async () => {
    expect(await collect('string', 'a.txt', { outputBinding: { outputEval: '$(self[1].path)' } })).toMatch(
      /^expression: outputs\.o\.outputBinding\.outputEval: \$\(self\[1\]\.path\): `self` has no \[1\]/,
    );
  });
  it('the result must be of the type', async () => {
    expect(await collect('int', 'a.txt', { outputBinding: { outputEval: '$(self[0].basename)' } })).toBe(
      'outputs: outputs.o: expected int, found the string "a.txt" (glob a.txt)',
    );
  });
  it('more than 64 KiB of contents fails since v1.2 and is cut off before', async () => {
    const big = { files: { '/out/big': 'x'.repeat(70_000) } };
    const outputBinding = { loadContents: true, outputEval: '$(self[0].contents)' };
    expect(await collect('string', 'big', { outputBinding }, big)).toBe(
      'outputs: outputs.o: loadContents: big has 70000 bytes, more than the limit of 64 KiB',
    );
    expect(await collect('string', 'big', { outputBinding }, { ...big, cwlVersion: 'v1.1' })).toBe('x'.repeat(65_536));
  });
  it('format may be an expression over the file', async () => {
    expect(await collect('File', 'a.txt', { format: ['http://f/$(self.nameroot)'] })).toMatchObject({ format: 'http://f/a' });
  });
});

describe('secondary files', () => {
  it('by patterns and expressions; missing ones only if they are required', async () => {
    const secondaryFiles = [{ pattern: '.bai' }, { pattern: '^.idx' }, { pattern: '.none' }, { pattern: '$(self.basename).bai' }];
    expect(await collect('File', 'reads.bam', { secondaryFiles })).toMatchObject({
      secondaryFiles: [
        { class: 'File', path: '/out/reads.bam.bai', basename: 'reads.bam.bai' },
        { class: 'Directory', path: '/out/reads.idx' },
      ],
    });
    expect(await collect('File', 'reads.bam', { secondaryFiles: [{ pattern: '.none', required: true }] })).toBe(
      'outputs: outputs.o.secondaryFiles[0]: the required secondary file reads.bam.none of reads.bam is missing',
    );
    expect(await collect('File', 'reads.bam', { secondaryFiles: [{ pattern: '.none', required: '$(inputs.name)' }] })).toContain(
      'must give true, false or null',
    );
  });
});

describe('records', () => {
  const record: CwlType = {
    type: 'record',
    fields: [
      { name: 'one', type: 'File', outputBinding: { glob: ['a.txt'] } },
      { name: 'many', type: files, outputBinding: { glob: ['sub/*.txt'] } },
      { name: 'none', type: optionalFile, outputBinding: { glob: ['no'] } },
    ],
  };
  it('are collected field by field', async () => {
    expect(await collectAll([{ id: 'o', type: record }])).toMatchObject({
      outputs: { o: { one: { path: '/out/a.txt' }, many: [{ path: '/out/sub/c.txt' }], none: null } },
    });
  });
  it('or come from one expression', async () => {
    const type: CwlType = { type: 'record', fields: [{ name: 'n', type: 'int' }] };
    expect(
      await collect(type, [], { outputBinding: { outputEval: '${ return {n: 1}; }' } }, { evaluate: () => Promise.resolve({ n: 1 }) }),
    ).toEqual({ n: 1 });
    expect(await collect(type, [], { outputBinding: { outputEval: '${}' } }, { evaluate: () => Promise.resolve({ n: 'x' }) })).toBe(
      'outputs: outputs.o.n: expected int, found the string "x"',
    );
  });
});

describe('symbolic links', () => {
  const linked = (link: string, more: Given = {}) =>
    collect(['File', 'Directory'], 'link', {}, { ...more, files: { '/out/link': { link }, ...more.files } });

  it('inside are followed and keep their name', async () => {
    expect(await linked('sub/c.txt')).toMatchObject({ class: 'File', path: '/out/link', basename: 'link', size: 5 });
    expect(await linked('/out/sub')).toMatchObject({ class: 'Directory', path: '/out/link' });
    expect(await linked('second', { files: { '/out/second': { link: './a.txt' } } })).toMatchObject({ size: 5 });
  });
  it('patterns go through them', async () => {
    expect(await paths('link/*.txt', undefined, { files: { '/out/link': { link: 'sub' } } })).toEqual(['/out/link/c.txt']);
  });
  it('to an input pass the input on', async () => {
    expect(await linked('/in/0/x.txt')).toEqual({
      class: 'File',
      location: 'file:///host/x.txt',
      basename: 'link',
      nameroot: 'link',
      nameext: '',
      size: 5,
    });
    expect(await linked('/in/1/data/y.txt')).toMatchObject({ class: 'File', path: '/out/link', size: 14 });
    expect(await linked('/store/x', { files: { '/store/x': 'abc' }, readable: ['/store/x'] })).toMatchObject({
      path: '/out/link',
      size: 3,
    });
  });
  it.each([
    ['/etc/passwd', '/out/link is a link to /etc/passwd, which is neither in the output directory nor an input'],
    ['../../etc/passwd', 'is a link to /etc/passwd'],
    ['/inside', 'is a link to /inside, which is neither'],
    ['nowhere', '/out/link is a link to /out/nowhere, which does not exist'],
    ['link', 'is a link to /out/link, which does not exist'],
  ])('to %s are refused', async (link, reason) => expect(await linked(link)).toContain(reason));
  it('also on the way to a file', async () => {
    const links = { '/out/etc': { link: '/etc' }, '/out/via': { link: 'etc/passwd' }, '/etc/passwd': 'root' };
    expect(await collect('File', 'etc/passwd', {}, { files: links })).toContain('the tool left nothing');
    expect(await collect('File', 'via', {}, { files: links })).toContain('/out/via is a link to /etc');
    const written = JSON.stringify({ o: { class: 'File', path: 'etc/passwd' } });
    expect(await collect('File', 'x', {}, { files: { ...links, '/out/cwl.output.json': written } })).toContain(
      '/out/etc/passwd is a link to /etc',
    );
    const secondaryFiles = [{ pattern: '$(f())' }];
    expect(await collect('File', 'a.txt', { secondaryFiles }, { files: links, evaluate: () => Promise.resolve('etc/passwd') })).toContain(
      'is a link to /etc',
    );
  });
  it('that lead through themselves end', async () => {
    const loop = { '/out/d': { link: 'd/x' }, '/out/p': { link: 'q/x' }, '/out/q': { link: 'p/x' } };
    expect(await collect('File', ['d/x/y', 'p/y'], {}, { files: loop })).toContain('the tool left nothing');
    expect(await collect('File', 'd', {}, { files: loop })).toContain('which does not exist');
    expect(
      await collect(
        'File',
        [],
        { outputBinding: { outputEval: '$(f())' } },
        { files: loop, evaluate: () => Promise.resolve({ class: 'File', path: 'd/x/y' }) },
      ),
    ).toContain('which does not exist');
  });
  it('also when a chain or a directory leads outside', async () => {
    expect(await linked('second', { files: { '/out/second': { link: '/etc/passwd' } } })).toContain('is a link to /etc/passwd');
    expect(await collect('Directory', 'sub', {}, { files: { '/out/sub/evil': { link: '/etc' } } })).toContain(
      '/out/sub/evil is a link to /etc',
    );
  });
});

describe('cwl.output.json', () => {
  const written = (value: unknown, type: CwlType, more: Given = {}) =>
    collectAll([{ id: 'o', type, outputBinding: { glob: ['a.txt'] } }], {
      ...more,
      files: { '/out/cwl.output.json': typeof value === 'string' ? value : JSON.stringify({ o: value }), ...more.files },
    });

  it.each([
    ['a relative path', { path: 'sub/c.txt' }],
    ['an absolute path', { path: '/out/sub/c.txt' }],
    ['a relative location', { location: 'sub/c.txt' }],
    ['a file location', { location: 'file:///out/sub/c.txt' }],
  ])('%s', async (_name, where) => {
    expect(await written({ class: 'File', ...where }, 'File')).toEqual({
      outputs: {
        o: { class: 'File', path: '/out/sub/c.txt', basename: 'c.txt', nameroot: 'c', nameext: '.txt', dirname: '/out/sub', size: 5 },
      },
    });
  });
  it('counts instead of the bindings, whatever its size', async () => {
    expect(
      await written('x'.repeat(100_000), 'string', { files: { '/out/cwl.output.json': JSON.stringify({ o: 'x'.repeat(100_000) }) } }),
    ).toEqual({ outputs: { o: 'x'.repeat(100_000) } });
  });
  it('names of its own, literals and nested files are kept', async () => {
    const value = {
      class: 'File',
      path: 'a.txt',
      basename: 'z.dat',
      format: 'http://f',
      secondaryFiles: [{ class: 'File', basename: 'n', contents: 'new' }],
    };
    expect(await written(value, 'File')).toMatchObject({
      outputs: { o: { path: '/out/a.txt', basename: 'z.dat', nameroot: 'z', format: 'http://f', secondaryFiles: [{ contents: 'new' }] } },
    });
  });
  it('what it says of size and checksum does not count', async () => {
    const collected = await written({ class: 'File', path: 'a.txt', size: 99, checksum: 'sha1$lie' }, 'File');
    expect(collected).toMatchObject({ outputs: { o: { size: 5 } } });
    expect(JSON.stringify(collected)).not.toContain('lie');
  });
  it.each<[string, unknown, CwlType, string]>([
    ['no JSON', '{', 'Any', 'cwl.output.json: is no JSON'],
    ['no object', '[]', 'Any', 'cwl.output.json: must hold one object'],
    ['a file that is not there', { class: 'File', path: 'no' }, 'File', 'outputs.o: /out/no does not exist'],
    [
      'a file elsewhere',
      { class: 'File', path: '/etc/passwd' },
      'File',
      'outputs.o: /etc/passwd is neither in the output directory /out nor an input',
    ],
    [
      'a location elsewhere',
      { class: 'File', location: 'https://h/x' },
      'File',
      'says neither a path in the output directory nor the location of an input: https://h/x',
    ],
    ['the wrong class', { class: 'File', path: 'sub' }, 'File', '/out/sub is a Directory, not a File'],
    ['the wrong type', 'x', 'Any', 'cwl.output.json: is no JSON'],
    ['an output that is missing', '{}', 'string', 'outputs.o: expected string, found nothing (null)'],
  ])('%s', async (_name, value, type, reason) => {
    expect(await written(value, type)).toMatchObject({ failure: { class: 'outputs', reason: expect.stringContaining(reason) } });
  });
  it('may be no link to elsewhere', async () => {
    expect(await collectAll([], { files: { '/out/cwl.output.json': { link: '/etc/passwd' } } })).toMatchObject({
      failure: { reason: expect.stringContaining('no regular file') },
    });
  });
});

describe('inputs that are passed on', () => {
  const passed = (value: Json, type: CwlType = 'File') =>
    collect(type, [], { outputBinding: { outputEval: '$(f())' } }, { evaluate: () => Promise.resolve(value) });

  it('keep their location, and may get another name', async () => {
    expect(await collect('File', [], { outputBinding: { outputEval: '$(inputs.x)' } })).toMatchObject({
      location: 'file:///host/x.txt',
      size: 5,
      checksum: 'sha1$x',
    });
    expect(await passed({ class: 'File', location: 'file:///host/x.txt', basename: 'new.txt' })).toEqual({
      class: 'File',
      location: 'file:///host/x.txt',
      basename: 'new.txt',
      nameroot: 'new',
      nameext: '.txt',
      size: 5,
      checksum: 'sha1$x',
    });
    expect(await passed({ class: 'Directory', path: '/in/1/data' }, 'Directory')).toMatchObject({ location: 'file:///host/data' });
  });
  it('also a file of an input directory', async () => {
    expect(await passed({ class: 'File', path: '/in/1/data/y.txt' })).toMatchObject({
      location: 'file:///host/data/y.txt',
      basename: 'y.txt',
    });
  });
  it('others are refused', async () => {
    expect(await passed({ class: 'File', location: 'file:///host/secret' })).toBe(
      'outputs: outputs.o: /host/secret is neither in the output directory /out nor an input',
    );
  });
});

describe('listings', () => {
  const listing = async (how: Given, loadListing?: 'deep_listing' | 'shallow_listing' | 'no_listing') => {
    const value = (await collect(
      'Directory',
      'sub',
      { outputBinding: loadListing === undefined ? {} : { loadListing } },
      how,
    )) as JsonObject;
    return JSON.stringify(value['listing'] ?? null, ['basename', 'listing']);
  };
  const shallow = '[{"basename":"c.txt"},{"basename":"deep"}]';
  const deep = '[{"basename":"c.txt"},{"basename":"deep","listing":[{"basename":"d.bin"}]}]';
  it('are loaded as binding, requirement and version say', async () => {
    expect(await listing({})).toBe('null');
    expect(await listing({}, 'shallow_listing')).toBe(shallow);
    expect(await listing({}, 'deep_listing')).toBe(deep);
    expect(await listing({ classes: { LoadListingRequirement: { loadListing: 'shallow_listing' } } })).toBe(shallow);
    expect(await listing({ classes: { LoadListingRequirement: { loadListing: 'deep_listing' } } }, 'no_listing')).toBe('null');
    expect(await listing({ cwlVersion: 'v1.0' })).toBe(deep);
  });
});
