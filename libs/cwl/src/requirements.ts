import type { Json, JsonObject, LoadListing, Requirement } from './model.ts';
import { interpolated } from './expression/json-text.ts';
import { isObject } from './files/values.ts';

/** The requirements and hints written at one place: a process, a step, an enclosing workflow, `cwl:requirements` of an input object. */
export interface RequirementLevel {
  requirements: readonly Requirement[];
  hints: readonly Requirement[];
}

/** What holds for one process, by class. `mandatory`: it stands under `requirements` somewhere, not only under `hints`. */
export type RequirementsInForce = ReadonlyMap<string, { requirement: Requirement; mandatory: boolean }>;

const knownPrefixes = /^(?:https:\/\/w3id\.org\/cwl\/cwl#|http:\/\/commonwl\.org\/cwltool#|cwl:|cwltool:)/;

/**
 * Resolves which requirement holds (§ Requirements and hints). `levels` go from the most specific to the outermost: overrides of the input object,
 * the process, its step, the enclosing workflows. Any requirement beats every hint; within one list the later entry wins.
 */
export function requirementsInForce(...levels: RequirementLevel[]): RequirementsInForce {
  const found = new Map<string, { requirement: Requirement; mandatory: boolean }>();
  for (const level of [...levels].reverse()) {
    for (const requirement of level.hints) found.set(className(requirement), { requirement, mandatory: false });
  }
  for (const level of [...levels].reverse()) {
    for (const requirement of level.requirements) found.set(className(requirement), { requirement, mandatory: true });
  }
  return found;
}

/** `TimeLimit` and IRIs are how extensions of v1.0 were written before they became part of the standard. */
function className(requirement: Requirement): string {
  const name = requirement.class.replace(knownPrefixes, '');
  return name === 'TimeLimit' ? 'ToolTimeLimit' : name;
}

export interface DockerRequirement {
  /** What to run: dockerImageId, else dockerPull. */
  image?: string;
  pull?: string;
  load?: string;
  file?: string;
  import?: string;
  /** Absolute path of the output directory inside of the container. */
  outputDirectory?: string;
}

/** Fields that may hold an expression stay as written; whoever uses them evaluates them. */
export type NumberOrExpression = number | string;

export interface CudaRequirement {
  versionMin: string;
  computeCapability: string[];
  countMin: NumberOrExpression;
  countMax?: NumberOrExpression;
}

interface RequirementShapes {
  CUDARequirement: CudaRequirement;
  DockerRequirement: DockerRequirement;
  EnvVarRequirement: { variables: { name: string; value: string }[] };
  InitialWorkDirRequirement: { listing: string | Json[] };
  InlineJavascriptRequirement: { library: string[] };
  InplaceUpdateRequirement: { inplaceUpdate: boolean };
  LoadListingRequirement: { loadListing: LoadListing };
  MPIRequirement: { processes: NumberOrExpression };
  MultipleInputFeatureRequirement: Record<string, never>;
  NetworkAccess: { networkAccess: boolean | string };
  ResourceRequirement: { [bound: string]: NumberOrExpression };
  ScatterFeatureRequirement: Record<string, never>;
  Secrets: { inputs: string[] };
  SchemaDefRequirement: { types: JsonObject[] };
  ShellCommandRequirement: Record<string, never>;
  SoftwareRequirement: { packages: { name: string; versions: string[]; specs: string[] }[] };
  StepInputExpressionRequirement: Record<string, never>;
  SubworkflowFeatureRequirement: Record<string, never>;
  ToolTimeLimit: { seconds: NumberOrExpression };
  WorkReuse: { enableReuse: boolean | string };
}

/** Classes of the standard and extensions of cwltool; any other class under `requirements` cannot be satisfied. */
export type RequirementClass = keyof RequirementShapes;

const shapes: { [Class in RequirementClass]: (fields: Requirement) => RequirementShapes[Class] } = {
  CUDARequirement: (fields) => ({
    versionMin: interpolated(fields['cudaVersionMin'] ?? '0'),
    computeCapability: texts(fields['cudaComputeCapability']),
    countMin: amount(fields['cudaDeviceCountMin']) ?? 1,
    ...(amount(fields['cudaDeviceCountMax']) !== undefined && { countMax: amount(fields['cudaDeviceCountMax']) ?? 1 }),
  }),
  DockerRequirement: dockerRequirement,
  EnvVarRequirement: (fields) => ({
    variables: namedList(fields['envDef'], 'envName', 'envValue').map(([name, value]) => ({ name, value: interpolated(value) })),
  }),
  InitialWorkDirRequirement: ({ listing }) => ({ listing: typeof listing === 'string' ? listing : Array.isArray(listing) ? listing : [] }),
  InlineJavascriptRequirement: (fields) => ({ library: texts(fields['expressionLib']) }),
  InplaceUpdateRequirement: (fields) => ({ inplaceUpdate: fields['inplaceUpdate'] !== false }),
  LoadListingRequirement: ({ loadListing }) => ({
    loadListing: loadListing === 'shallow_listing' || loadListing === 'deep_listing' ? loadListing : 'no_listing',
  }),
  MPIRequirement: ({ processes }) => ({ processes: amount(processes) ?? 1 }),
  MultipleInputFeatureRequirement: () => ({}),
  NetworkAccess: (fields) => ({ networkAccess: flagOrExpression(fields['networkAccess'], false) }),
  ResourceRequirement: resourceBounds,
  ScatterFeatureRequirement: () => ({}),
  Secrets: ({ secrets }) => ({ inputs: texts(secrets).map((id) => id.replace(/^.*[#/]/s, '')) }),
  SchemaDefRequirement: ({ types }) => ({ types: Array.isArray(types) ? types.filter(isObject) : [] }),
  ShellCommandRequirement: () => ({}),
  SoftwareRequirement: (fields) => ({ packages: softwarePackages(fields['packages']) }),
  StepInputExpressionRequirement: () => ({}),
  SubworkflowFeatureRequirement: () => ({}),
  ToolTimeLimit: ({ timelimit }) => ({ seconds: typeof timelimit === 'number' || typeof timelimit === 'string' ? timelimit : 0 }),
  WorkReuse: (fields) => ({ enableReuse: flagOrExpression(fields['enableReuse'], true) }),
};

/** True for the classes this engine knows. */
export function isKnownRequirement(name: string): name is RequirementClass {
  return Object.hasOwn(shapes, className({ class: name }));
}

/** The requirement or hint of this class in force, normalised; undefined where nobody asks for it. */
export function requirement<Class extends RequirementClass>(
  inForce: RequirementsInForce,
  name: Class,
): (RequirementShapes[Class] & { mandatory: boolean }) | undefined {
  const found = inForce.get(name);
  return found === undefined ? undefined : { ...shapes[name](found.requirement), mandatory: found.mandatory };
}

function dockerRequirement(fields: Requirement): DockerRequirement {
  const named: [keyof DockerRequirement, Json | undefined][] = [
    ['image', fields['dockerImageId'] ?? fields['dockerPull']],
    ['pull', fields['dockerPull']],
    ['load', fields['dockerLoad']],
    ['file', fields['dockerFile']],
    ['import', fields['dockerImport']],
    ['outputDirectory', fields['dockerOutputDirectory']],
  ];
  return Object.fromEntries(named.filter(([, value]) => typeof value === 'string'));
}

function resourceBounds(fields: Requirement): { [bound: string]: NumberOrExpression } {
  const bounds: { [bound: string]: NumberOrExpression } = {};
  for (const [name, value] of Object.entries(fields)) {
    if (/^(?:cores|ram|tmpdir|outdir)(?:Min|Max)$/.test(name) && (typeof value === 'number' || typeof value === 'string'))
      bounds[name] = value;
  }
  return bounds;
}

function softwarePackages(value: Json | undefined): { name: string; versions: string[]; specs: string[] }[] {
  const entries: JsonObject[] = Array.isArray(value)
    ? value.filter(isObject)
    : Object.entries(isObject(value) ? value : {}).map(([name, more]) =>
        isObject(more) ? { package: name, ...more } : { package: name, specs: more },
      );
  return entries.map((entry) => ({
    name: interpolated(entry['package'] ?? ''),
    versions: texts(entry['version']),
    specs: texts(entry['specs']),
  }));
}

/** A list of objects, or the same as a map from its subject to one field or to the other fields. */
function namedList(value: Json | undefined, subject: string, predicate: string): [name: string, value: Json][] {
  if (Array.isArray(value)) return value.filter(isObject).map((entry) => [interpolated(entry[subject] ?? ''), entry[predicate] ?? '']);
  return Object.entries(isObject(value) ? value : {}).map(([name, entry]) => [name, isObject(entry) ? (entry[predicate] ?? '') : entry]);
}

function amount(value: Json | undefined): NumberOrExpression | undefined {
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

function flagOrExpression(value: Json | undefined, otherwise: boolean): boolean | string {
  return typeof value === 'boolean' || typeof value === 'string' ? value : otherwise;
}

function texts(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  return list.filter((item) => typeof item === 'string');
}
