import * as field from './field-rules.ts';
import type { FieldRule, Shape } from './field-rules.ts';

type Fields = { [field: string]: FieldRule };

const loadListing = field.oneOf('no_listing', 'shallow_listing', 'deep_listing');
const linkMerge = field.oneOf('merge_nested', 'merge_flattened');
const pickValue = field.since('v1.2', field.oneOf('first_non_null', 'the_only_non_null', 'all_non_null'));

const labelled: Fields = { label: field.text, doc: field.texts };
const identified: Fields = { id: field.text, ...labelled };
const files: Fields = { secondaryFiles: field.secondaryFiles, streamable: field.flag, format: field.texts };
const loading: Fields = { loadContents: field.since('v1.1', field.flag), loadListing: field.since('v1.1', loadListing) };
const sinceV11 = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, field.since('v1.1', rule)]));

const process: Fields = {
  ...identified,
  class: field.required(field.text),
  cwlVersion: field.text,
  inputs: field.required(field.mapOrList),
  outputs: field.required(field.mapOrList),
  requirements: field.mapOrList,
  hints: field.mapOrList,
  intent: field.since('v1.2', field.textList),
};

export const PROCESS_SHAPES: { [processClass: string]: Shape } = {
  CommandLineTool: {
    name: 'CommandLineTool',
    fields: {
      ...process,
      baseCommand: field.texts,
      arguments: field.list,
      stdin: field.text,
      stdout: field.text,
      stderr: field.text,
      successCodes: field.integerList,
      temporaryFailCodes: field.integerList,
      permanentFailCodes: field.integerList,
    },
  },
  ExpressionTool: { name: 'ExpressionTool', fields: { ...process, expression: field.required(field.text) } },
  Workflow: { name: 'Workflow', fields: { ...process, steps: field.required(field.mapOrList) } },
  Operation: { name: 'Operation', fields: process },
};

/** Fields that only the outermost map of a document has. */
export const DOCUMENT_FIELDS = ['$namespaces', '$schemas', '$graph', '$base'];

export const INPUT: Shape = {
  name: 'an input',
  fields: { ...identified, ...files, ...loading, type: field.required(field.anyType), default: field.anything, inputBinding: field.map },
};
export const OUTPUT: Shape = {
  name: 'an output',
  fields: { ...identified, ...files, type: field.required(field.anyType), outputBinding: field.map },
};
export const WORKFLOW_OUTPUT: Shape = {
  name: 'a workflow output',
  fields: { ...OUTPUT.fields, outputSource: field.texts, linkMerge, pickValue },
};

export const INPUT_BINDING: Shape = {
  name: 'an inputBinding',
  fields: {
    loadContents: field.flag,
    position: field.position,
    prefix: field.text,
    separate: field.flag,
    itemSeparator: field.text,
    valueFrom: field.text,
    shellQuote: field.flag,
  },
};
export const OUTPUT_BINDING: Shape = {
  name: 'an outputBinding',
  fields: {
    glob: field.texts,
    loadContents: field.flag,
    loadListing: field.since('v1.1', loadListing),
    outputEval: field.text,
  },
};
export const SECONDARY_FILE: Shape = {
  name: 'a secondary file',
  fields: { pattern: field.required(field.text), required: field.requiredFlag },
};

export const STEP: Shape = {
  name: 'a step',
  fields: {
    ...identified,
    in: field.required(field.mapOrList),
    out: field.required(field.list),
    run: field.required(field.textOrMap),
    requirements: field.mapOrList,
    hints: field.mapOrList,
    scatter: field.texts,
    scatterMethod: field.oneOf('dotproduct', 'nested_crossproduct', 'flat_crossproduct'),
    when: field.since('v1.2', field.text),
  },
};
export const STEP_INPUT: Shape = {
  name: 'a step input',
  fields: {
    id: field.text,
    label: field.since('v1.1', field.text),
    source: field.texts,
    linkMerge,
    pickValue,
    default: field.anything,
    valueFrom: field.text,
    ...loading,
  },
};

/** Packers give imported types an id beside their name. */
const schema: Fields = { ...identified, type: field.required(field.text), name: field.text, inputBinding: field.map };
export const RECORD: Shape = { name: 'a record type', fields: { ...schema, fields: field.mapOrList } };
export const ENUM: Shape = { name: 'an enum type', fields: { ...schema, symbols: field.required(field.textList) } };
export const ARRAY: Shape = { name: 'an array type', fields: { ...schema, items: field.required(field.anyType) } };
export const RECORD_FIELD: Shape = {
  name: 'a record field',
  fields: {
    name: field.text,
    ...labelled,
    type: field.required(field.anyType),
    ...sinceV11(files),
    ...loading,
    inputBinding: field.map,
    outputBinding: field.map,
  },
};
