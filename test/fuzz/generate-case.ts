import { createRandom, type Random } from './random.ts';
import { tools, type Tool } from './tools.ts';
import { valueOf, type Json, type JsonObject, type Type } from './values.ts';

export interface FuzzCase {
  readonly seed: number;
  readonly document: JsonObject;
  readonly job: JsonObject;
  /** Of the language, that the document uses. */
  readonly features: readonly string[];
}

type Version = 'v1.0' | 'v1.1' | 'v1.2';

/** Something a step or an output can take its value from. `array` is how often a scatter has wrapped the type. */
interface Source {
  readonly name: string;
  readonly type: Type;
  readonly wrapped: number;
  /** May be null although its type says otherwise. */
  readonly maybe: boolean;
}

interface Making {
  readonly random: Random;
  readonly version: Version;
  readonly features: Set<string>;
  readonly sources: Source[];
  readonly inputs: JsonObject;
  readonly job: JsonObject;
}

const inputTypes: readonly Type[] = [
  'boolean',
  'int',
  'int',
  'string',
  'string',
  'File',
  'Directory',
  'int[]',
  'string[]',
  'File[]',
  'int?',
  'string?',
  'double',
];

/** A workflow of a few steps whose links fit, and now and then one whose links do not. */
export function generateCase(seed: number): FuzzCase {
  const random = createRandom(seed);
  const version = random.pick<Version>(['v1.0', 'v1.1', 'v1.2', 'v1.2', 'v1.2']);
  const making: Making = { random, version, features: new Set([version]), sources: [], inputs: {}, job: {} };
  for (let count = random.int(2, 5); count > 0; count -= 1) addInput(making, random.pick(inputTypes));
  const steps = Object.fromEntries(Array.from({ length: random.int(1, 5) }, (_, index) => makeStep(making, `s${index + 1}`)));
  const document: JsonObject = {
    cwlVersion: version,
    class: 'Workflow',
    requirements: [
      'ScatterFeatureRequirement',
      'MultipleInputFeatureRequirement',
      'StepInputExpressionRequirement',
      'SubworkflowFeatureRequirement',
      'InlineJavascriptRequirement',
    ].map((name) => ({ class: name })),
    inputs: making.inputs,
    outputs: makeOutputs(making),
    steps,
  };
  return { seed, document, job: making.job, features: [...making.features].sort() };
}

function addInput(making: Making, type: Type): Source {
  const { random, inputs, job, features, sources } = making;
  const name = `i${Object.keys(inputs).length + 1}`;
  const value = valueOf(type, random);
  const isFile = type.startsWith('File') || type === 'Directory';
  if (!isFile && random.chance(0.25)) {
    features.add('input default');
    inputs[name] = { type, default: valueOf(type.replace('?', '') as Type, random) };
    if (random.chance(0.5)) job[name] = value;
  } else {
    inputs[name] = type;
    // Missing and null are the same.
    if (value !== null || random.chance(0.5)) job[name] = value;
  }
  if (value === null) features.add('null input');
  const source: Source = { name, type: type.replace('?', '') as Type, wrapped: 0, maybe: type.endsWith('?') };
  sources.push(source);
  return source;
}

function makeStep(making: Making, id: string): [string, JsonObject] {
  const { random, features, version } = making;
  const tool = random.pick(tools)(random);
  for (const feature of tool.features) features.add(feature);
  const scattered = random.chance(0.3) ? random.some(Object.keys(tool.inputs), 1).slice(0, 2) : [];
  const method = scattered.length > 1 ? random.pick(['dotproduct', 'nested_crossproduct', 'flat_crossproduct']) : undefined;
  if (scattered.length > 0) features.add(method === undefined ? 'scatter' : `scatter ${method}`);
  const links: JsonObject = {};
  for (const [name, type] of Object.entries(tool.inputs)) links[name] = makeLink(making, type, scattered.includes(name));
  const when = version === 'v1.2' && random.chance(0.2) ? conditionOn(making, links) : undefined;
  if (when !== undefined) features.add('when');
  const depth = scattered.length === 0 ? 0 : method === 'nested_crossproduct' ? scattered.length : 1;
  for (const [name, type] of Object.entries(tool.outputs)) {
    const maybe = when !== undefined || type.endsWith('?');
    making.sources.push({ name: `${id}/${name}`, type: type.replace('?', '') as Type, wrapped: depth, maybe });
  }
  const step: JsonObject = {
    run: runOf(making, tool),
    in: links,
    out: Object.keys(tool.outputs),
    ...(scattered.length > 0 ? { scatter: scattered.length === 1 && random.chance(0.5) ? (scattered[0] ?? '') : scattered } : {}),
    ...(method === undefined ? {} : { scatterMethod: method }),
    ...(when === undefined ? {} : { when }),
  };
  return [id, step];
}

/** A tool as it is, or inside of a workflow that only hands on. */
function runOf({ random, features }: Making, tool: Tool): JsonObject {
  if (!random.chance(0.2)) return tool.process;
  features.add('sub-workflow');
  return {
    class: 'Workflow',
    inputs: { ...tool.inputs },
    outputs: Object.fromEntries(Object.entries(tool.outputs).map(([name, type]) => [name, { type, outputSource: `inner/${name}` }])),
    steps: {
      inner: {
        run: tool.process,
        in: Object.fromEntries(Object.keys(tool.inputs).map((name) => [name, name])),
        out: Object.keys(tool.outputs),
      },
    },
  };
}

/** What a step input gets: a source of its type, several of them, a value of its own or an expression. */
function makeLink(making: Making, type: Type, isScattered: boolean): Json {
  const { random, features, version } = making;
  const base = type.replace('?', '') as Type;
  const isList = base.endsWith('[]');
  if (isScattered) {
    const list = findSource(making, (one) => one.type === base && one.wrapped === 1 && !one.maybe);
    const plain = isList ? undefined : sourceOf(making, `${base}[]` as Type);
    const chosen = list ?? plain;
    if (chosen) return { source: chosen.name };
    features.add('scatter over a default');
    return { default: [valueOf(base, random), valueOf(base, random)] };
  }
  const item = base.slice(0, -2) as Type;
  const items = isList ? making.sources.filter((one) => one.type === item && one.wrapped === 0 && !one.maybe) : [];
  if (items.length > 1 && random.chance(0.5)) {
    const merged = random.some(items, 2).slice(0, 3);
    const linkMerge = random.pick(['merge_nested', 'merge_flattened', undefined]);
    features.add(`several sources, ${linkMerge ?? 'default'}`);
    return { source: merged.map(({ name }) => name), ...(linkMerge === undefined ? {} : { linkMerge }) };
  }
  const maybe = making.sources.filter((one) => one.type === base && one.wrapped === 0);
  if (version === 'v1.2' && !isList && maybe.length > 1 && random.chance(0.25)) {
    const pickValue = random.pick(['first_non_null', 'the_only_non_null']);
    features.add(`pickValue ${pickValue}`);
    return {
      source: random
        .some(maybe, 2)
        .slice(0, 3)
        .map(({ name }) => name),
      pickValue,
    };
  }
  if (['int', 'string'].includes(base) && random.chance(0.2)) return expressionLink(making, base);
  if (random.chance(0.15)) {
    features.add('step default');
    const optional = findSource(making, (one) => one.type === base && one.wrapped === 0 && one.maybe);
    return { ...(optional ? { source: optional.name } : {}), default: valueOf(base, random) };
  }
  // Once in a while a link that does not fit: both must refuse it, or both must see the value.
  const wrong = random.chance(0.02) ? findSource(making, (one) => one.type !== base) : undefined;
  if (wrong) features.add('link of another type');
  return (wrong ?? sourceOf(making, base)).name;
}

function expressionLink(making: Making, base: Type): Json {
  const { random, features } = making;
  features.add('valueFrom of a step input');
  const source = sourceOf(making, base);
  const plain = base === 'int' ? ['$(self + 1)', '${ return self * 2; }'] : ['$(self)!', '$(self.length > 1 ? self : "short")'];
  const constant = base === 'int' ? '$(5)' : 'constant';
  return random.chance(0.3) ? { valueFrom: constant } : { source: source.name, valueFrom: random.pick(plain) };
}

function conditionOn({ random, sources }: Making, links: JsonObject): string {
  const flags = sources.filter((one) => one.type === 'boolean' && one.wrapped === 0 && !one.maybe);
  if (flags.length === 0) return random.pick(['$(1 > 0)', '$(inputs.missing !== 1 && false)']);
  links['flag'] = random.pick(flags).name;
  return random.pick(['$(inputs.flag)', '$(!inputs.flag)']);
}

function findSource({ sources, random }: Making, fits: (source: Source) => boolean): Source | undefined {
  const found = sources.filter(fits);
  return found.length === 0 ? undefined : random.pick(found);
}

/** A source of exactly this type; a new input of the workflow where there is none. */
function sourceOf(making: Making, type: Type): Source {
  return findSource(making, (one) => one.type === type && one.wrapped === 0 && !one.maybe) ?? addInput(making, type);
}

/** Everything that a step gives, so that no difference stays hidden; sometimes merged or picked. */
function makeOutputs({ sources, version, random, features }: Making): JsonObject {
  const outputs: JsonObject = {};
  for (const { name, type, wrapped, maybe } of sources.filter((one) => one.name.includes('/'))) {
    outputs[name.replace('/', '_')] = { type: outputType(type, wrapped, maybe), outputSource: name };
  }
  const texts = sources.filter((one) => one.type === 'string' && one.wrapped === 0);
  if (texts.length > 1 && random.chance(0.4)) {
    const pick = version === 'v1.2' ? random.pick(['all_non_null', undefined]) : undefined;
    features.add(`several sources of an output${pick === undefined ? '' : ', all_non_null'}`);
    const items: Json = pick === undefined && texts.some(({ maybe }) => maybe) ? ['null', 'string'] : 'string';
    outputs['texts'] = {
      type: { type: 'array', items },
      outputSource: texts.map(({ name }) => name),
      linkMerge: random.pick(['merge_nested', 'merge_flattened']),
      ...(pick === undefined ? {} : { pickValue: pick }),
    };
  }
  return outputs;
}

function outputType(type: Type, wrapped: number, maybe: boolean): Json {
  let shape: Json = type.endsWith('[]') ? { type: 'array', items: type.slice(0, -2) } : type;
  if (maybe) shape = ['null', shape];
  for (let depth = 0; depth < wrapped; depth += 1) shape = { type: 'array', items: shape };
  return shape;
}

/** What the generator knows of the language. */
export const allFeatures: readonly string[] = [
  'v1.0', 'v1.1', 'v1.2', 'ExpressionTool', 'CommandLineTool', 'object expression', 'file literal', 'files passed on', 'null output',
  'inputBinding.loadContents', 'LoadListingRequirement', 'arguments', 'position', 'prefix', 'separate', 'itemSeparator', 'binding of items',
  'valueFrom of a binding', 'ShellCommandRequirement', 'shellQuote', 'stdin', 'stdout', 'stderr', 'generated stdout', 'file argument', 'glob',
  'list of files', 'Directory output', 'InitialWorkDirRequirement', 'writable', 'EnvVarRequirement', 'cwl.output.json', 'secondaryFiles',
  'exit codes', 'ResourceRequirement', 'parameter reference', 'input default', 'null input', 'step default', 'valueFrom of a step input',
  'scatter', 'scatter dotproduct', 'scatter nested_crossproduct', 'scatter flat_crossproduct', 'scatter over a default', 'when', 'sub-workflow',
  'several sources, merge_nested', 'several sources, merge_flattened', 'several sources, default', 'pickValue first_non_null',
  'pickValue the_only_non_null', 'several sources of an output', 'several sources of an output, all_non_null', 'link of another type',
]; // prettier-ignore
