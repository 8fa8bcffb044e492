import type { Random } from './random.ts';
import { aWord, type Json, type JsonObject, type Type } from './values.ts';

/** A process with the types of its ports; `features` are what of the language it uses. */
export interface Tool {
  readonly features: readonly string[];
  readonly inputs: Readonly<Record<string, Type>>;
  readonly outputs: Readonly<Record<string, Type>>;
  /** Without cwlVersion. */
  readonly process: JsonObject;
}

type Make = (random: Random) => Tool;

const javascript: JsonObject = { class: 'InlineJavascriptRequirement' };

function expressionTool(
  inputs: Record<string, Type>,
  outputs: Record<string, Type>,
  expression: string,
  more: { inputs?: JsonObject; features?: string[] } = {},
): Tool {
  const process = { class: 'ExpressionTool', requirements: [javascript], inputs: { ...inputs, ...more.inputs }, outputs, expression };
  return { features: ['ExpressionTool', ...(more.features ?? [])], inputs, outputs, process };
}

function commandTool(features: string[], inputs: Record<string, Type>, outputs: Record<string, Type>, process: JsonObject): Tool {
  return { features: ['CommandLineTool', ...features], inputs, outputs, process: { class: 'CommandLineTool', ...process } };
}

/** What a tool printed, as a text. */
const said: JsonObject = { type: 'string', outputBinding: { glob: 'said.txt', loadContents: true, outputEval: '$(self[0].contents)' } };

const sum: Make = () => expressionTool({ a: 'int', b: 'int' }, { out: 'int' }, '${ return {out: inputs.a + inputs.b}; }');
const half: Make = () =>
  expressionTool({ a: 'int' }, { out: 'int?' }, '$({out: inputs.a % 2 === 0 ? inputs.a / 2 : null})', { features: ['null output'] });
const split: Make = () =>
  expressionTool({ s: 'string' }, { out: 'string[]' }, '$({"out": inputs.s.split("")})', { features: ['object expression'] });
const join: Make = () => expressionTool({ s: 'string[]' }, { out: 'string' }, '${ return {"out": inputs.s.join("|")}; }');
const numbers: Make = () =>
  expressionTool(
    { n: 'int' },
    { out: 'int[]' },
    '${ var r = []; for (var i = 0; i < Math.abs(inputs.n) % 4; i++) r.push(i); return {out: r}; }',
  );
const literal: Make = () =>
  expressionTool({ s: 'string' }, { out: 'File' }, '$({out: {"class": "File", "basename": "made.txt", "contents": inputs.s + "\\n"}})', {
    features: ['file literal'],
  });
const contents: Make = () =>
  expressionTool({ f: 'File' }, { out: 'string' }, '$({out: inputs.f.contents + inputs.f.basename})', {
    inputs: { f: { type: 'File', inputBinding: { loadContents: true } } },
    features: ['inputBinding.loadContents'],
  });
const pair: Make = () =>
  expressionTool({ f: 'File', g: 'File' }, { out: 'File[]' }, '$({out: [inputs.f, inputs.g]})', { features: ['files passed on'] });
const names: Make = () =>
  expressionTool({ d: 'Directory' }, { out: 'string[]' }, '$({out: inputs.d.listing.map(function(e) { return e.basename; }).sort()})', {
    features: ['LoadListingRequirement'],
  });

/** The command line itself: every way of binding. */
const printf: Make = (random) => {
  const types: Type[] = ['boolean', 'int', 'double', 'string', 'int[]', 'string[]', 'int?', 'string?'];
  const features = new Set(['stdout', 'arguments']);
  const inputs: Record<string, Type> = {};
  const declared: JsonObject = {};
  for (const name of ['p', 'q', 'r'].slice(0, random.int(1, 3))) {
    const type = random.pick(types);
    inputs[name] = type;
    declared[name] = { type, inputBinding: bindingFor(type, random, features) };
  }
  return commandTool(
    [...features],
    inputs,
    { out: 'File', text: 'string' },
    {
      requirements: [javascript],
      baseCommand: ['printf', '[%s]\\n'],
      arguments: random.some<Json>(['first', { position: random.int(-1, 2), valueFrom: '$(inputs.p)', prefix: '--p' }, '$("a" + 1)'], 1),
      inputs: declared,
      outputs: { out: 'stdout', text: said },
      stdout: 'said.txt',
    },
  );
};

function bindingFor(type: Type, random: Random, features: Set<string>): JsonObject {
  const use = (feature: string, field: JsonObject, probability = 0.4): JsonObject => {
    if (!random.chance(probability)) return {};
    features.add(feature);
    return field;
  };
  const isList = type.endsWith('[]');
  return {
    ...use('position', { position: random.int(-2, 3) }, 0.6),
    ...use('prefix', { prefix: random.pick(['-o', '--long', '--eq=']), ...use('separate', { separate: false }, 0.4) }),
    // Not '': cwltool drops the whole list then.
    ...(isList ? use('itemSeparator', { itemSeparator: random.pick([',', ' ', ';;']) }) : {}),
    ...use('valueFrom of a binding', { valueFrom: random.pick(['constant', '$(self)', 'x$(self)y']) }, 0.25),
  };
}

const nested: Make = (random) => {
  const item: JsonObject = random.chance(0.5) ? { inputBinding: { prefix: '-i', ...(random.chance(0.5) ? { separate: false } : {}) } } : {};
  return commandTool(
    ['binding of items', 'stdout'],
    { p: 'string[]' },
    { text: 'string' },
    {
      baseCommand: ['printf', '(%s)'],
      requirements: [javascript],
      inputs: { p: { type: { type: 'array', items: 'string', ...item }, inputBinding: { prefix: '-l', position: 1 } } },
      outputs: { text: said },
      arguments: ['begin'],
      stdout: 'said.txt',
    },
  );
};

const shell: Make = (random) =>
  commandTool(
    ['ShellCommandRequirement', 'shellQuote'],
    { p: 'string' },
    { text: 'string' },
    {
      requirements: [javascript, { class: 'ShellCommandRequirement' }],
      baseCommand: [],
      arguments: [
        { shellQuote: false, valueFrom: "printf '<%s>'" },
        aWord(random),
        { shellQuote: random.chance(0.5), valueFrom: 'a  b' },
        { shellQuote: false, valueFrom: '| cat' },
      ],
      inputs: { p: { type: 'string', inputBinding: { position: -1, prefix: 'printf x >/dev/null;', shellQuote: false, valueFrom: ' ' } } },
      outputs: { text: said },
      stdout: 'said.txt',
    },
  );

const cat: Make = (random) => {
  const byStdin = random.chance(0.5);
  return commandTool(
    [byStdin ? 'stdin' : 'file argument', 'generated stdout'],
    { f: 'File' },
    { out: 'File' },
    {
      baseCommand: 'cat',
      inputs: { f: byStdin ? { type: 'File' } : { type: 'File', inputBinding: {} } },
      outputs: { out: { type: 'stdout' } },
      ...(byStdin ? { stdin: '$(inputs.f.path)' } : {}),
      ...(random.chance(0.5) ? { stdout: '$(inputs.f.nameroot).copy' } : {}),
    },
  );
};

const makeFiles: Make = () =>
  commandTool(
    ['glob', 'list of files'],
    { n: 'int' },
    { out: 'File[]', first: 'File?' },
    {
      requirements: [javascript],
      baseCommand: ['sh', '-c'],
      arguments: ['for i in a b c; do [ $i = c ] && [ $1 -lt 2 ] || echo $i$1 > $i.txt; done', 'sh', '$(inputs.n)'],
      inputs: { n: 'int' },
      outputs: {
        out: { type: 'File[]', outputBinding: { glob: ['*.txt'] } },
        first: { type: 'File?', outputBinding: { glob: '*.none' } },
      },
    },
  );

const folder: Make = () =>
  commandTool(
    ['Directory output'],
    { s: 'string' },
    { out: 'Directory' },
    {
      baseCommand: ['sh', '-c'],
      arguments: ['mkdir -p made/deep && printf "%s" "$1" > made/deep/x && : > made/empty', 'sh', '$(inputs.s)'],
      inputs: { s: 'string' },
      outputs: { out: { type: 'Directory', outputBinding: { glob: 'made' } } },
    },
  );

const workDir: Make = (random) =>
  commandTool(
    ['InitialWorkDirRequirement', 'writable'],
    { f: 'File', n: 'int' },
    { out: 'File', text: 'string' },
    {
      requirements: [
        javascript,
        {
          class: 'InitialWorkDirRequirement',
          listing: [
            {
              entryname: 'said.txt',
              entry: random.pick(['n is $(inputs.n)', '$(inputs.n)', '$({"b": inputs.n, "a": [1, "x"]})', 'lit \\$(x) end\n']),
            },
            { entryname: 'copy.txt', entry: '$(inputs.f)', writable: true },
          ],
        },
      ],
      baseCommand: ['sh', '-c', 'printf more >> copy.txt'],
      inputs: { f: 'File', n: 'int' },
      outputs: { out: { type: 'File', outputBinding: { glob: 'copy.txt' } }, text: said },
    },
  );

const environment: Make = (random) =>
  commandTool(
    ['EnvVarRequirement'],
    { s: 'string' },
    { text: 'string' },
    {
      requirements: [javascript, { class: 'EnvVarRequirement', envDef: { GIVEN: 'v$(inputs.s)', FIXED: aWord(random) } }],
      baseCommand: ['sh', '-c', 'printf "%s/%s" "$GIVEN" "$FIXED"'],
      inputs: { s: 'string' },
      outputs: { text: said },
      stdout: 'said.txt',
    },
  );

const outputDocument: Make = () =>
  commandTool(
    ['cwl.output.json'],
    { n: 'int' },
    { out: 'int', names: 'string[]' },
    {
      baseCommand: ['sh', '-c', 'printf \'{"out": %s, "names": ["a", "b%s"]}\' "$1" "$1" > cwl.output.json', 'sh'],
      inputs: { n: { type: 'int', inputBinding: { position: 1 } } },
      outputs: { out: 'int', names: 'string[]' },
    },
  );

const indexed: Make = (random) =>
  commandTool(
    ['secondaryFiles'],
    { s: 'string' },
    { out: 'File' },
    {
      baseCommand: ['sh', '-c', 'printf "%s" "$1" > a.b.txt; : > a.b.txt.idx; : > a.b.alt', 'sh'],
      inputs: { s: { type: 'string', inputBinding: { position: 1 } } },
      outputs: { out: { type: 'File', outputBinding: { glob: 'a.b.txt' }, secondaryFiles: random.some(['.idx', '^.alt'], 1) } },
    },
  );

const exitCode: Make = (random) =>
  commandTool(
    ['exit codes'],
    { n: 'int' },
    { out: 'int' },
    {
      requirements: [javascript],
      baseCommand: ['sh', '-c', 'exit 3'],
      ...random.pick<JsonObject>([{ successCodes: [3] }, { successCodes: [0, 3] }, { permanentFailCodes: [3] }, {}]),
      inputs: { n: 'int' },
      outputs: { out: { type: 'int', outputBinding: { outputEval: '$(inputs.n)' } } },
    },
  );

const resourced: Make = (random) =>
  commandTool(
    ['ResourceRequirement'],
    { n: 'int' },
    { text: 'string' },
    {
      requirements: [
        javascript,
        { class: 'ResourceRequirement', coresMin: random.pick<Json>([1, '$(1 + 0)']), ramMin: random.pick<Json>([100, '$(64 * 2)']) },
      ],
      baseCommand: ['printf', '%s %s'],
      arguments: ['$(runtime.cores)', '$(runtime.ram)'],
      inputs: { n: 'int' },
      outputs: { text: said },
      stdout: 'said.txt',
    },
  );

const echoed: Make = () =>
  commandTool(
    ['stderr', 'parameter reference'],
    { f: 'File' },
    { out: 'File', text: 'string' },
    {
      baseCommand: ['sh', '-c', 'printf "%s %s %s" "$@" >&2', 'sh'],
      arguments: ['$(inputs.f.basename)', '$(inputs.f["nameext"])', '$(inputs.f.size)'],
      requirements: [javascript],
      inputs: { f: 'File' },
      outputs: { out: { type: 'stderr' }, text: said },
      stderr: 'said.txt',
    },
  );

export const tools: readonly Make[] = [
  sum, half, split, join, numbers, literal, contents, pair, names, printf, printf, printf, nested, shell, cat, makeFiles, folder, workDir,
  environment, outputDocument, indexed, exitCode, resourced, echoed,
]; // prettier-ignore
