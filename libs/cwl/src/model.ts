/**
 * The normalised CWL document: what `load` produces and everything else reads. It is JSON, holds no document-relative references, and is always
 * in the shape of CWL v1.2 (older versions are upgraded on load; `cwlVersion` keeps the version whose rules apply).
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type CwlVersion = 'v1.0' | 'v1.1' | 'v1.2';

/** Where something stands in a source document; line and column count from 1. */
export interface SourcePosition {
  file: string;
  line: number;
  column: number;
}

/**
 * What kind of fault it is, where a program treats it apart: `unsupported-requirement` and `unsupported` (runnel-cwl exits with 33),
 * `limit-exceeded` (too large, too deep, too many), `unreadable` (a document could not be read), `syntax` (neither YAML nor JSON).
 */
export type DiagnosticCode = 'unsupported-requirement' | 'unsupported' | 'limit-exceeded' | 'unreadable' | 'syntax';

/** One fault found while loading or checking. `message` says what was found and what was expected; `path` is e.g. `steps.tile.in.bands`. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  message: string;
  /** Within the main process; elements of other processes begin with their id: `say.inputs.message`. */
  path: string;
  position?: SourcePosition;
  hint?: string;
  code?: DiagnosticCode;
}

export type PrimitiveType = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'File' | 'Directory' | 'Any';

/** A type with every name resolved and the type DSL (`string?`, `File[]`) expanded. A union is a list. */
export type CwlType = PrimitiveType | ArrayType | EnumType | RecordType | CwlType[];

export interface ArrayType {
  type: 'array';
  items: CwlType;
  name?: string;
  label?: string;
  doc?: string;
  inputBinding?: CommandLineBinding;
}
export interface EnumType {
  type: 'enum';
  symbols: string[];
  name?: string;
  label?: string;
  doc?: string;
  inputBinding?: CommandLineBinding;
}
export interface RecordType {
  type: 'record';
  fields: RecordField[];
  name?: string;
  label?: string;
  doc?: string;
  inputBinding?: CommandLineBinding;
}

/** What inputs, outputs and record fields say of File values. */
export interface FileTraits {
  secondaryFiles?: SecondaryFile[];
  /** IRIs or expressions. */
  format?: string[];
  streamable?: boolean;
  loadContents?: boolean;
  loadListing?: LoadListing;
}
export type LoadListing = 'no_listing' | 'shallow_listing' | 'deep_listing';

export interface SecondaryFile {
  /** Pattern (`^.bai`, `.idx`) or expression. */
  pattern: string;
  /** Absent: the default of the specification (inputs: required, outputs: not). */
  required?: boolean | string;
}

export interface RecordField extends FileTraits {
  name: string;
  type: CwlType;
  label?: string;
  doc?: string;
  inputBinding?: CommandLineBinding;
  outputBinding?: OutputBinding;
}

export interface CommandLineBinding {
  position?: number | string;
  prefix?: string;
  separate?: boolean;
  itemSeparator?: string;
  valueFrom?: string;
  shellQuote?: boolean;
  loadContents?: boolean;
}

export interface OutputBinding {
  /** Patterns or expressions. */
  glob?: string[];
  loadContents?: boolean;
  loadListing?: LoadListing;
  outputEval?: string;
}

export interface InputParameter extends FileTraits {
  id: string;
  type: CwlType;
  label?: string;
  doc?: string;
  /** Present also when the default is `null` or falsy. File locations in it are absolute. */
  default?: Json;
  inputBinding?: CommandLineBinding;
}

export interface OutputParameter extends FileTraits {
  id: string;
  type: CwlType;
  label?: string;
  doc?: string;
  outputBinding?: OutputBinding;
  /** Workflow outputs. */
  outputSource?: Source[];
  /** True where the document wrote a list, which decides how one item is merged. */
  outputSourceIsList?: boolean;
  linkMerge?: LinkMerge;
  pickValue?: PickValue;
}

export type LinkMerge = 'merge_nested' | 'merge_flattened';
export type PickValue = 'first_non_null' | 'the_only_non_null' | 'all_non_null';

/** An output of a step (`step` given) or an input of the workflow. */
export interface Source {
  step?: string;
  port: string;
}

/** Known and unknown requirements alike; the known ones are read through `requirement()` in requirements.ts, which types them by class. */
export interface Requirement {
  class: string;
  [field: string]: Json;
}

interface ProcessBase {
  /** Unique within the package: `main`, `say`, `main/tile/run` for inline processes. */
  id: string;
  label?: string;
  doc?: string;
  /** The version whose rules apply to this process. */
  cwlVersion: CwlVersion;
  inputs: InputParameter[];
  outputs: OutputParameter[];
  requirements: Requirement[];
  hints: Requirement[];
  /** Fields with a namespace, e.g. `s:softwareVersion`, prefixes expanded to IRIs. */
  metadata: JsonObject;
}

export interface CommandLineTool extends ProcessBase {
  class: 'CommandLineTool';
  baseCommand: string[];
  arguments: (string | CommandLineBinding)[];
  stdin?: string;
  stdout?: string;
  stderr?: string;
  successCodes: number[];
  temporaryFailCodes: number[];
  permanentFailCodes: number[];
}
export interface ExpressionTool extends ProcessBase {
  class: 'ExpressionTool';
  expression: string;
}
export interface Operation extends ProcessBase {
  class: 'Operation';
}
export interface Workflow extends ProcessBase {
  class: 'Workflow';
  steps: WorkflowStep[];
}
export type Process = CommandLineTool | ExpressionTool | Workflow | Operation;

export type ScatterMethod = 'dotproduct' | 'nested_crossproduct' | 'flat_crossproduct';

export interface WorkflowStep {
  id: string;
  label?: string;
  doc?: string;
  in: StepInput[];
  out: string[];
  /** Id of a process of the same package. */
  run: string;
  requirements: Requirement[];
  hints: Requirement[];
  scatter?: string[];
  scatterMethod?: ScatterMethod;
  when?: string;
}

export interface StepInput {
  id: string;
  source?: Source[];
  sourceIsList?: boolean;
  linkMerge?: LinkMerge;
  pickValue?: PickValue;
  default?: Json;
  valueFrom?: string;
  loadContents?: boolean;
  loadListing?: LoadListing;
}

/** One deployable unit: all processes resolved, nothing left to fetch. Stored as one object named by the sha256 of its canonical JSON. */
export interface CwlPackage {
  /** Version of this shape, for packages written by the release before. */
  format: 1;
  /** Id of the process to run when none is named. */
  main: string;
  processes: { [id: string]: Process };
  /** `$namespaces`, needed to expand formats in input objects. */
  namespaces: { [prefix: string]: string };
  /** Document-level metadata (`s:softwareVersion` beside `$graph`), prefixes expanded. */
  metadata: JsonObject;
  /** Texts of `$schemas` ontologies reduced to the class relations that format checks need: IRI → IRIs it is a subclass of or equivalent to. */
  formatParents: { [iri: string]: string[] };
}

/** File value (CommandLineTool §2.1.1). Exactly one of location, path, contents need be given by a user. */
export interface CwlFile {
  class: 'File';
  location?: string;
  path?: string;
  basename?: string;
  dirname?: string;
  nameroot?: string;
  nameext?: string;
  /** `sha1$hex`. */
  checksum?: string;
  /** Bytes. */
  size?: number;
  secondaryFiles?: (CwlFile | CwlDirectory)[];
  format?: string;
  contents?: string;
}
export interface CwlDirectory {
  class: 'Directory';
  location?: string;
  path?: string;
  basename?: string;
  listing?: (CwlFile | CwlDirectory)[];
}
