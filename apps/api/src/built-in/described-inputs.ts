import type { Json, JsonObject } from '@runnel/cwl';
import { z } from 'zod';
import type { InputFault } from '../runs/resolve-inputs.ts';

/** What a process description says of an input (18-062r2, 7.10). */
export interface DescribedInput {
  readonly schema: JsonObject;
  readonly minOccurs?: number;
  readonly maxOccurs?: number | 'unbounded';
}

type Checked = { readonly value: Json } | { readonly faults: readonly InputFault[] };

/**
 * Inputs of a process whose description says more than its CWL: each against its schema, in place, qualified (`{value, mediaType}`) or by
 * reference (`{href, type}`), which is kept as it is. Unknown names pass: the process names them.
 */
export function readDescribedInputs(
  inputs: JsonObject,
  described: Readonly<Record<string, DescribedInput>>,
): { readonly inputs: JsonObject } | { readonly faults: readonly InputFault[] } {
  const faults: InputFault[] = [];
  const read = Object.entries(inputs).map(([id, value]): [string, Json] => {
    const input = Object.hasOwn(described, id) ? described[id] : undefined;
    const checked = input === undefined ? { value } : readOccurrences(value, input, id);
    if ('value' in checked) return [id, checked.value];
    faults.push(...checked.faults);
    return [id, null];
  });
  return faults.length > 0 ? { faults } : { inputs: Object.fromEntries(read) };
}

/** A list where the input may occur several times; one value need not be written as a list. */
function readOccurrences(value: Json, { schema, maxOccurs = 1 }: DescribedInput, path: string): Checked {
  if (maxOccurs === 1) return readValue(value, schema, path);
  const values = Array.isArray(value) ? value : [value];
  if (maxOccurs !== 'unbounded' && values.length > maxOccurs)
    return fault(path, `expected at most ${maxOccurs} values, found ${values.length}`);
  const read = values.map((one, index) => readValue(one, schema, `${path}[${index}]`));
  const faults = read.flatMap((one) => ('faults' in one ? one.faults : []));
  return faults.length > 0 ? { faults } : { value: read.flatMap((one) => ('value' in one ? [one.value] : [])) };
}

function readValue(value: Json, schema: JsonObject, path: string): Checked {
  if (isBoundingBox(schema)) return readBoundingBox(value, path);
  const forms = formsOf(schema);
  if (isMap(value) && 'href' in value) return readReference(value, forms, path);
  const qualified = isMap(value) && 'value' in value && !forms.some(({ type }) => type === 'object');
  if (!qualified) return checkForms(value, forms, path);
  const { value: inner = null, mediaType, encoding, schema: _schema, format, ...unknown } = value;
  const [stray] = Object.keys(unknown);
  if (stray !== undefined) return fault(`${path}.${stray}`, 'a qualified value has value, mediaType, encoding and schema');
  const said = isMap(format)
    ? { mediaType: format['mediaType'] ?? mediaType, encoding: format['encoding'] ?? encoding }
    : { mediaType, encoding };
  const fitting = formsOfType(forms, said.mediaType);
  if (fitting.length === 0) return wrongType(said.mediaType, forms, path);
  const checked = checkForms(inner, fitting, `${path}.value`);
  if ('faults' in checked || fitting.every(({ contentMediaType }) => contentMediaType === undefined)) return checked;
  return {
    value: {
      value: inner,
      ...known({ mediaType: said.mediaType ?? fitting[0]?.['contentMediaType'], encoding: encodingOf(said, fitting) }),
    },
  };
}

/** `binary` is what a description calls it; what travels is base64 (18-062r2, 7.11.2.1). */
function encodingOf({ encoding }: { encoding?: Json | undefined }, [form]: readonly JsonObject[]): Json | undefined {
  const said = encoding ?? form?.['contentEncoding'];
  return said === 'binary' ? 'base64' : said;
}

/** A reference is not fetched: only what it says of itself is looked at. */
function readReference(value: JsonObject, forms: readonly JsonObject[], path: string): Checked {
  const { href, type, format, ...rest } = value;
  if (
    typeof href !== 'string' ||
    !z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .safeParse(href).success
  ) {
    return fault(`${path}.href`, 'expected an absolute http or https address of at most 2000 characters');
  }
  const stray = Object.keys(rest).find((name) => !['rel', 'title', 'hreflang'].includes(name));
  if (stray !== undefined) return fault(`${path}.${stray}`, 'a reference has href, type, rel, title and hreflang');
  const mediaType = (isMap(format) ? format['mediaType'] : undefined) ?? type;
  if (formsOfType(forms, mediaType).length === 0) return wrongType(mediaType, forms, path);
  return { value: { href, ...known({ type: mediaType, ...rest }) } };
}

function checkForms(value: Json, forms: readonly JsonObject[], path: string): Checked {
  const found = forms.map((form) => formFaults(value, form, path));
  if (found.some((faults) => faults.length === 0)) return { value };
  return { faults: found[0] ?? [{ path, message: 'no value fits' }] };
}

function formFaults(value: Json, form: JsonObject, path: string): InputFault[] {
  const { contentEncoding } = form;
  const parsed = validatorOf(form).safeParse(value);
  if (!parsed.success) return parsed.error.issues.map((issue) => ({ path: pathBelow(path, issue.path), message: issue.message }));
  const encoded = contentEncoding === 'binary' || contentEncoding === 'base64';
  return encoded && !isBase64(value) ? [{ path, message: 'expected bytes in base64' }] : [];
}

/** Made once for each form: descriptions of built-in processes stay as they are, and every execution is checked against them. */
const validators = new WeakMap<JsonObject, z.ZodType>();

function validatorOf(form: JsonObject): z.ZodType {
  const known = validators.get(form);
  if (known) return known;
  const { contentEncoding: _encoding, contentMediaType: _type, ...schema } = form;
  const made = z.fromJSONSchema(schema);
  validators.set(form, made);
  return made;
}

const isBase64 = (value: Json): boolean => typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);

function pathBelow(path: string, steps: readonly PropertyKey[]): string {
  return steps.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`), path);
}

/** Bounding box (18-062r2, bbox.yaml): 4 or 6 numbers in CRS84 (or CRS84h), unless it names another of the supported systems. */
function readBoundingBox(value: Json, path: string): Checked {
  const parsed = boundingBox.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  return { faults: parsed.error.issues.map((issue) => ({ path: pathBelow(path, issue.path), message: issue.message })) };
}

const systems = ['http://www.opengis.net/def/crs/OGC/1.3/CRS84', 'http://www.opengis.net/def/crs/OGC/0/CRS84h'] as const;
const boundingBox = z.strictObject({
  bbox: z.array(z.number()).refine(({ length }) => length === 4 || length === 6, 'expected 4 or 6 numbers'),
  crs: z.enum(systems).default(systems[0]),
});

const isBoundingBox = ({ allOf }: JsonObject): boolean =>
  Array.isArray(allOf) && allOf.some((one) => isMap(one) && one['format'] === 'ogc-bbox');

/** The alternatives of a schema; the first is the default format. */
const formsOf = (schema: JsonObject): JsonObject[] => (Array.isArray(schema['oneOf']) ? schema['oneOf'].filter(isMap) : [schema]);

const formsOfType = (forms: readonly JsonObject[], mediaType: Json | undefined): JsonObject[] =>
  forms.filter(({ contentMediaType }) => mediaType === undefined || contentMediaType === undefined || contentMediaType === mediaType);

function wrongType(found: Json | undefined, forms: readonly JsonObject[], path: string): Checked {
  const types = forms.flatMap(({ contentMediaType }) => (typeof contentMediaType === 'string' ? [contentMediaType] : []));
  return fault(path, `expected the media type ${types.join(' or ')}, found ${JSON.stringify(found)}`);
}

const fault = (path: string, message: string): Checked => ({ faults: [{ path, message }] });

const known = (fields: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
