import * as field from './field-rules.ts';
import type { FieldRule, Shape } from './field-rules.ts';

const shape = (name: string, fields: { [field: string]: FieldRule } = {}): [string, Shape & { since?: 'v1.1' }] => [
  name,
  { name, fields: { class: field.text, ...fields } },
];
const v11 = (name: string, fields: { [field: string]: FieldRule }): [string, Shape & { since: 'v1.1' }] => [
  name,
  { name, fields: { class: field.text, ...fields }, since: 'v1.1' },
];

/** Every requirement of CWL v1.2 with its fields, and since when it exists. */
export const REQUIREMENT_SHAPES: ReadonlyMap<string, Shape & { since?: 'v1.1' }> = new Map([
  shape('InlineJavascriptRequirement', { expressionLib: field.texts }),
  shape('SchemaDefRequirement', { types: field.required(field.list) }),
  shape('DockerRequirement', {
    dockerPull: field.text,
    dockerLoad: field.text,
    dockerFile: field.text,
    dockerImport: field.text,
    dockerImageId: field.text,
    dockerOutputDirectory: field.text,
  }),
  shape('SoftwareRequirement', { packages: field.required(field.mapOrList) }),
  shape('InitialWorkDirRequirement', { listing: field.required(field.listOrText) }),
  shape('EnvVarRequirement', { envDef: field.required(field.mapOrList) }),
  shape('ShellCommandRequirement'),
  shape('ResourceRequirement', {
    coresMin: field.amount,
    coresMax: field.amount,
    ramMin: field.amount,
    ramMax: field.amount,
    tmpdirMin: field.amount,
    tmpdirMax: field.amount,
    outdirMin: field.amount,
    outdirMax: field.amount,
  }),
  shape('SubworkflowFeatureRequirement'),
  shape('ScatterFeatureRequirement'),
  shape('MultipleInputFeatureRequirement'),
  shape('StepInputExpressionRequirement'),
  v11('LoadListingRequirement', { loadListing: field.oneOf('no_listing', 'shallow_listing', 'deep_listing') }),
  v11('WorkReuse', { enableReuse: field.required(field.flagOrExpression) }),
  v11('NetworkAccess', { networkAccess: field.required(field.flagOrExpression) }),
  v11('InplaceUpdateRequirement', { inplaceUpdate: field.required(field.flag) }),
  v11('ToolTimeLimit', { timelimit: field.required(field.integerOrExpression) }),
]);

/** Extensions of cwltool, known only by their prefix. */
export const EXTENSION_SHAPES: ReadonlyMap<string, Shape & { since?: 'v1.1' }> = new Map([
  shape('MPIRequirement', { processes: field.required(field.integerOrExpression) }),
  shape('CUDARequirement', {
    cudaVersionMin: field.required(field.text),
    cudaComputeCapability: field.required(field.texts),
    cudaDeviceCountMin: field.integerOrExpression,
    cudaDeviceCountMax: field.integerOrExpression,
  }),
  shape('Secrets', { secrets: field.required(field.textList) }),
]);

export const ENVIRONMENT_DEFINITION: Shape = {
  name: 'an environment variable',
  fields: { envName: field.required(field.text), envValue: field.required(field.text) },
};
export const SOFTWARE_PACKAGE: Shape = {
  name: 'a software package',
  fields: { package: field.required(field.text), version: field.texts, specs: field.texts },
};
export const DIRENT: Shape = {
  name: 'an entry of the initial work directory',
  fields: { entry: field.required(field.text), entryname: field.text, writable: field.flag },
};
