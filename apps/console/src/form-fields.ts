import type { InputDescription, Schema } from './shapes.ts';

/** How an input is asked for. */
export type Kind = 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'file' | 'files' | 'list' | 'json';

export interface Field {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly required: boolean;
  readonly kind: Kind;
  readonly choices: readonly string[];
  /** What kind of file; of a list, what its items are. */
  readonly hint: string;
  /** What the form shows at first, as text: the default. */
  readonly initial: string;
}

/** Fields for the inputs of a process; those that must be given first, else in the order of the description. */
export function fieldsOf(inputs: Readonly<Record<string, InputDescription>>): Field[] {
  const fields = Object.entries(inputs).map(([id, input]) => fieldOf(id, input));
  return [...fields.filter(({ required }) => required), ...fields.filter(({ required }) => !required)];
}

function fieldOf(id: string, { title, description, minOccurs, schema }: InputDescription): Field {
  const kind = kindOf(schema);
  return {
    id,
    title: title === undefined || title === '' ? id : title,
    description: description === undefined || description === title ? '' : description,
    required: minOccurs !== 0 && schema.default === undefined,
    kind,
    choices: (schema.enum ?? []).map(String),
    hint: hintOf(kind, schema),
    initial: schema.default === undefined || schema.default === null ? '' : textOf(kind, schema.default),
  };
}

function kindOf(schema: Schema): Kind {
  if (schema.enum) return 'choice';
  if (isFile(schema)) return 'file';
  const { items } = schema;
  if (schema.type === 'array' && items) return isFile(items) ? 'files' : isScalar(items) ? 'list' : 'json';
  if (schema.type === 'string') return 'text';
  return schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean' ? schema.type : 'json';
}

const isFile = ({ type, format, oneOf }: Schema): boolean =>
  (type === 'string' && format === 'uri') || (oneOf !== undefined && oneOf.length > 0 && oneOf.every(isFile));
const isScalar = ({ type, enum: choices }: Schema): boolean =>
  choices !== undefined || type === 'string' || type === 'integer' || type === 'number';

function hintOf(kind: Kind, schema: Schema): string {
  if (kind === 'file') return schema.contentMediaType ?? '';
  if (kind === 'list') return `one ${schema.items?.type === 'integer' ? 'whole number' : (schema.items?.type ?? 'value')} per line`;
  if (kind === 'files') return 'one address per line, or several files';
  return kind === 'json' ? 'as JSON' : '';
}

const textOf = (kind: Kind, value: unknown): string => {
  if (kind === 'list' && Array.isArray(value)) return value.map(String).join('\n');
  // An address, or a CWL File.
  if (kind === 'file' && typeof value === 'object' && value !== null && 'location' in value) value = value.location;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export type Read = { readonly value: unknown } | { readonly fault: string } | { readonly absent: true };

/** The value that a text of the form stands for. An empty one is no value: the default of the process counts, where there is one. */
export function readField(field: Field, text: string): Read {
  const given = text.trim();
  if (given === '') return field.required ? { fault: 'a value is needed' } : { absent: true };
  switch (field.kind) {
    case 'text':
      return { value: text };
    case 'choice':
      return field.choices.includes(text) ? { value: text } : { fault: `one of ${field.choices.join(', ')} is expected` };
    case 'boolean':
      return { value: given === 'true' };
    case 'integer':
      return /^[+-]?\d+$/.test(given) ? { value: Number(given) } : { fault: 'a whole number is expected' };
    case 'number':
      return Number.isFinite(Number(given)) ? { value: Number(given) } : { fault: 'a number is expected' };
    case 'file':
      return { value: { href: given } };
    case 'files':
      return { value: linesOf(given).map((href) => ({ href })) };
    case 'list':
      return readList(field, given);
    case 'json':
      return readJson(given);
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

function readList(field: Field, given: string): Read {
  const lines = linesOf(given);
  if (!field.hint.includes('number')) return { value: lines };
  const numbers = lines.map(Number);
  const wrong = numbers.findIndex((one) => !Number.isFinite(one));
  return wrong === -1 ? { value: numbers } : { fault: `line ${wrong + 1}: a number is expected` };
}

function readJson(given: string): Read {
  try {
    return { value: JSON.parse(given) as unknown };
  } catch (error) {
    return { fault: `JSON is expected: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** All values of a form, or what is wrong with it by field. */
export function readForm(
  fields: readonly Field[],
  texts: Readonly<Record<string, string>>,
): { readonly inputs: Record<string, unknown>; readonly faults: Record<string, string> } {
  const read = fields.map((field) => [field.id, readField(field, texts[field.id] ?? field.initial)] as const);
  return {
    inputs: Object.fromEntries(read.flatMap(([id, one]) => ('value' in one ? [[id, one.value] as const] : []))),
    faults: Object.fromEntries(read.flatMap(([id, one]) => ('fault' in one ? [[id, one.fault] as const] : []))),
  };
}
