import { stringify } from 'yaml';

/** JSON Schema as far as descriptions of inputs use it. */
export interface Schema {
  type?: string;
  format?: string;
  enum?: unknown[];
  default?: unknown;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
}

/** An input as the description of a process has it. */
export interface InputDescription {
  title?: string;
  description?: string;
  minOccurs?: number;
  schema: Schema;
}

/** A value for each input that must be given: the default, else one of the right type. */
export function templateOf(inputs: Record<string, InputDescription>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([id, input]) => (input.minOccurs === 0 ? [] : [[id, valueFor(input.schema)] as const])),
  );
}

/** The template as YAML: what each input is stands above it; those that may be left out are comments. */
export function templateText(process: string, inputs: Record<string, InputDescription>): string {
  const parts = Object.entries(inputs).map(([id, input]) => {
    const optional = input.minOccurs === 0;
    const about = [input.title === id ? undefined : input.title, input.description === input.title ? undefined : input.description];
    const notes = [...about, typeText(input.schema) + (optional ? ', may be left out' : '')].filter(
      (note) => note !== undefined && note !== '',
    );
    const value = stringify({ [id]: valueFor(input.schema) }).trimEnd();
    return [...notes.flatMap((note) => commented(note ?? '')), ...(optional ? commented(value) : [value])].join('\n');
  });
  return [`# Inputs of ${process}; run it: runnel run ${process} FILE`, ...parts].join('\n\n');
}

const commented = (text: string): string[] => text.split('\n').map((line) => `# ${line}`.trimEnd());

const isFile = (schema: Schema): boolean => schema.format === 'uri';

function valueFor(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const [alternative] = schema.oneOf ?? schema.anyOf ?? [];
  if (alternative) return valueFor(alternative);
  if (isFile(schema)) return { class: 'File', path: './FILE' };
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return schema.items ? [valueFor(schema.items)] : [];
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, property]) => [name, valueFor(property)]));
    default:
      return '';
  }
}

/** In words; `file` is how a file is given. */
export function typeText(schema: Schema, file = 'file: a path beside this file, or an address'): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(', ')}`;
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) return [...new Set(alternatives.map((one) => typeText(one, file)))].join(' or ');
  if (isFile(schema)) return file;
  if (schema.type === 'array') return `list of ${schema.items ? typeText(schema.items, file) : 'values'}`;
  return schema.type ?? 'any value';
}
