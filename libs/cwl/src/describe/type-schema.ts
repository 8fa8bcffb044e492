import { isOptional } from '../check/assignable.ts';
import type { CwlType, JsonObject, PrimitiveType, RecordType } from '../model.ts';
import { knownFormat } from './known-formats.ts';

const MEDIA_TYPE = /^https?:\/\/www\.iana\.org\/assignments\/media-types\/(.+)$/;

/** JSON Schema of a CWL type, as process descriptions give it: `schema.type` is always one text, null is said by minOccurs. */
export function typeSchema(type: CwlType, format: readonly string[] = []): JsonObject {
  if (Array.isArray(type)) {
    const schemas = type.filter((one) => one !== 'null').map((one) => typeSchema(one, format));
    const [only] = schemas;
    return schemas.length === 1 && only ? only : { oneOf: schemas };
  }
  if (typeof type === 'string') return primitiveSchema(type, format);
  const title: JsonObject = type.label === undefined ? {} : { title: type.label };
  const description: JsonObject = type.doc === undefined ? {} : { description: type.doc };
  if (type.type === 'array') return { type: 'array', items: typeSchema(type.items, format), ...title, ...description };
  if (type.type === 'enum') return { type: 'string', enum: type.symbols, ...title, ...description };
  return { ...recordSchema(type), ...title, ...description };
}

function primitiveSchema(type: PrimitiveType, format: readonly string[]): JsonObject {
  switch (type) {
    case 'boolean':
      return { type: 'boolean' };
    case 'int':
    case 'long':
      return { type: 'integer' };
    case 'float':
    case 'double':
      return { type: 'number', format: type };
    case 'string':
      return { type: 'string' };
    case 'File':
      return fileSchema(format);
    case 'Directory':
      return { type: 'string', format: 'uri' };
    case 'Any':
    case 'null':
      return {};
  }
}

/** A file travels as a reference. Its media type is told where CWL's format is the IANA's own address of one. */
function fileSchema(format: readonly string[]): JsonObject {
  const mediaTypes = format.flatMap((one) => MEDIA_TYPE.exec(one)?.[1] ?? []);
  const [only] = mediaTypes;
  const schemas = mediaTypes.map((contentMediaType): JsonObject => ({ type: 'string', format: 'uri', contentMediaType }));
  if (schemas.length > 1) return { oneOf: schemas };
  return { type: 'string', format: 'uri', ...(only !== undefined && { contentMediaType: only }) };
}

function recordSchema(type: RecordType): JsonObject {
  const known = type.name === undefined ? undefined : knownFormat(type.name);
  if (known?.kind === 'text') return { type: 'string', format: known.format };
  if (known?.format === 'ogc-bbox') return { allOf: [{ format: known.format }] };
  if (known) return { type: 'object', allOf: [{ format: known.format }] };
  const required = type.fields.filter((field) => !isOptional(field.type)).map((field) => field.name);
  return {
    type: 'object',
    properties: Object.fromEntries(type.fields.map((field) => [field.name, typeSchema(field.type, field.format)])),
    ...(required.length > 0 && { required }),
  };
}
