import { isOptional } from '../check/assignable.ts';
import type { CwlPackage, InputParameter, Json, JsonObject, OutputParameter } from '../model.ts';
import { typeSchema } from './type-schema.ts';

/** OGC API - Processes, Part 1: process description without links and control options, which belong to the face. */
export interface ProcessDescription {
  id: string;
  title: string;
  description: string;
  /** `s:softwareVersion` or `s:version`, else `unknown`. */
  version: string;
  keywords: string[];
  /** Fields with a namespace of the document and the process; the role is the field's IRI. */
  metadata: { role: string; value: Json }[];
  inputs: { [id: string]: InputDescription };
  outputs: { [id: string]: OutputDescription };
}
export interface InputDescription {
  title: string;
  description: string;
  schema: JsonObject;
  minOccurs: 0 | 1;
  maxOccurs: 1;
}
export interface OutputDescription {
  title: string;
  description: string;
  schema: JsonObject;
}

/** Describes a process of the package for OGC API - Processes (20-089r1, application package to description). Throws where there is none of that id. */
export function describeProcess(pkg: CwlPackage, id: string): ProcessDescription {
  const process = Object.hasOwn(pkg.processes, id) ? pkg.processes[id] : undefined;
  if (!process) throw new RangeError(`the package holds no process "${id}"`);
  const metadata: JsonObject = { ...pkg.metadata, ...process.metadata };
  const title = process.label ?? id;
  const version = schemaOrg(metadata, 'softwareVersion') ?? schemaOrg(metadata, 'version');
  return {
    id,
    title,
    description: process.doc ?? title,
    version: typeof version === 'string' || typeof version === 'number' ? String(version) : 'unknown',
    keywords: keywordsOf(schemaOrg(metadata, 'keywords')),
    metadata: Object.entries(metadata).map(([field, value]) => ({ role: field.replace(/^s:/, 'https://schema.org/'), value })),
    inputs: Object.fromEntries(process.inputs.map((input) => [input.id, describeInput(input)])),
    outputs: Object.fromEntries(process.outputs.map((output) => [output.id, describeOutput(output)])),
  };
}

/** Documents write schema.org with either protocol, and some forget to declare the prefix. */
function schemaOrg(metadata: JsonObject, field: string): Json | undefined {
  return metadata[`https://schema.org/${field}`] ?? metadata[`http://schema.org/${field}`] ?? metadata[`s:${field}`];
}

function keywordsOf(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string');
  if (typeof value !== 'string') return [];
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function describeInput(input: InputParameter): InputDescription {
  const title = input.label ?? input.id;
  const schema = typeSchema(input.type, input.format);
  const preset = input.default === undefined || input.default === null ? undefined : referencesOf(input.default);
  return {
    title,
    description: input.doc ?? title,
    schema: preset === undefined ? schema : { ...schema, default: preset },
    minOccurs: isOptional(input.type) || preset !== undefined ? 0 : 1,
    maxOccurs: 1,
  };
}

function describeOutput(output: OutputParameter): OutputDescription {
  const title = output.label ?? output.id;
  const format = output.format?.filter((one) => !one.includes('$'));
  return { title, description: output.doc ?? title, schema: typeSchema(output.type, format) };
}

/** Files in a default are given as their address, like in a request. */
function referencesOf(value: Json): Json {
  if (Array.isArray(value)) return value.map(referencesOf);
  if (value === null || typeof value !== 'object') return value;
  if ((value['class'] === 'File' || value['class'] === 'Directory') && typeof value['location'] === 'string') return value['location'];
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, referencesOf(item)]));
}
