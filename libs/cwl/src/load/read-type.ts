import type { ArrayType, CommandLineBinding, CwlType, EnumType, PrimitiveType, RecordField, RecordType } from '../model.ts';
import { checkShape } from './check-shape.ts';
import { didYouMean } from './did-you-mean.ts';
import { readEntries } from './entries.ts';
import { readFileTraits, readInputBinding, readOutputBinding } from './read-bindings.ts';
import { compact, describeValue, docOf, isRaw, listOf, textOf, textsOf, type Raw } from './raw.ts';
import { at, shortName, type Scope } from './scope.ts';
import { ARRAY, ENUM, RECORD, RECORD_FIELD } from './shapes.ts';
import { fileNameOf, fragmentOf, isAbsoluteUri, resolveUri, withoutFragment } from './uri.ts';
import { textWeight } from './weight.ts';

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'File', 'Directory', 'Any'] as const;
const VOCABULARY = /^(?:https:\/\/w3id\.org\/cwl\/cwl#|https:\/\/w3id\.org\/cwl\/salad#|http:\/\/www\.w3\.org\/2001\/XMLSchema#)/;

/**
 * Named types written out in place multiply; more than this of them is a trap, not a description. What a document itself writes down does not
 * count: its size is bounded.
 */
const MAX_TYPES = 100_000;

/** Checking a link compares every alternative of its source with every one of its sink. */
const MAX_ALTERNATIVES = 100;

/** Where a type is being read: `node` holds it (for positions and relative names), `open` are the named types around it. */
interface Place {
  node: object;
  field: string;
  path: string;
  open: readonly Raw[];
  /** It stands in a named type that is being written out in place. */
  named?: boolean;
}

/** Reads the type in `owner[field]`: DSL expanded (`File[]?`), every name replaced by its definition. Faulty types read as Any. */
export function readType(scope: Scope, owner: Raw, field: string, path: string): CwlType {
  return read(scope, owner[field], { node: owner, field, path, open: [] });
}

/** A type written in the DSL, split into what it names and what is done to it, innermost first. */
export function splitTypeDsl(text: string): { name: string; lists: number; optional: boolean } {
  const optional = text.endsWith('?');
  let name = optional ? text.slice(0, -1) : text;
  let lists = 0;
  for (; name.endsWith('[]'); name = name.slice(0, -2)) lists++;
  return { name, lists, optional };
}

function read(scope: Scope, raw: unknown, place: Place): CwlType {
  if (place.named && ++scope.types.expanded > MAX_TYPES) {
    const message = `more than ${MAX_TYPES} types once every named type is written out`;
    if (!scope.types.exhausted) scope.report.error(place.path, at(scope, place.node, place.field), message, { code: 'limit-exceeded' });
    scope.types.exhausted = true;
    return 'Any';
  }
  if (typeof raw === 'string') return readName(scope, raw, place);
  if (Array.isArray(raw)) {
    if (raw.length === 0) return fault(scope, place, 'expected at least one type, found an empty list');
    if (raw.length > MAX_ALTERNATIVES) return fault(scope, place, `expected at most ${MAX_ALTERNATIVES} alternatives, found ${raw.length}`);
    return union(raw.map((item, index) => read(scope, item, { ...place, node: raw, field: String(index) })));
  }
  if (isRaw(raw)) return readSchema(scope, raw, place);
  return fault(scope, place, `expected a type, found ${describeValue(raw)}`);
}

function readName(scope: Scope, text: string, place: Place): CwlType {
  const { name, lists, optional } = splitTypeDsl(text);
  let type = readPlainName(scope, name, place);
  for (let list = 0; list < lists; list++) type = { type: 'array', items: type };
  return optional ? union(['null', type]) : type;
}

function readPlainName(scope: Scope, name: string, place: Place): CwlType {
  const short = name.replace(VOCABULARY, '');
  const primitive = PRIMITIVES.find((one) => one === short);
  if (primitive) return primitive;
  const uri = scope.sources.uriOf(place.node) ?? scope.uri;
  const definition = scope.types.find(name, uri);
  if (!definition) {
    if (['array', 'record', 'enum'].includes(name)) {
      return fault(
        scope,
        place,
        `the type "${name}" needs its own map`,
        'write "type: {type: ...}": the outer map is the parameter, the inner one its type',
      );
    }
    return fault(scope, place, `unknown type "${name}"`, didYouMean(name, [...PRIMITIVES, ...scope.types.names()]).hint);
  }
  if (place.open.includes(definition)) return fault(scope, place, `the type "${name}" contains itself`);
  return readSchema(scope, definition, { ...place, open: [...place.open, definition], named: true });
}

function readSchema(scope: Scope, raw: Raw, place: Place): CwlType {
  const kind = textOf(raw['type'])?.replace(VOCABULARY, '');
  if (place.named) for (const value of Object.values(raw)) for (const text of textsOf(value)) scope.types.expanded += textWeight(text);
  const name = textOf(raw['name']);
  if (name !== undefined) scope.types.add(name, scope.sources.uriOf(raw) ?? scope.uri, raw);
  const inside: Place = { ...place, node: raw, open: place.open.includes(raw) ? place.open : [...place.open, raw] };
  if (kind === 'record') return readRecord(scope, raw, inside);
  if (kind === 'enum') return readEnum(scope, raw, inside);
  if (kind === 'array') return readArray(scope, raw, inside);
  // `type: {type: string}` wraps a type without adding anything.
  if (raw['type'] !== undefined) return read(scope, raw['type'], { ...inside, field: 'type' });
  return fault(scope, { ...place, node: raw, field: 'type' }, 'expected a type with the field "type" (record, enum or array)');
}

function readRecord(scope: Scope, raw: Raw, place: Place): RecordType {
  checkShape(scope, raw, RECORD, place.path);
  const fields = readEntries(scope, raw, 'fields', place.path, 'name', 'type').map(({ name, raw: field, path }): RecordField => {
    checkShape(scope, field, RECORD_FIELD, path);
    const made = compact<RecordField>({
      name,
      type: read(scope, field['type'], { ...place, node: field, field: 'type', path }),
      label: textOf(field['label']),
      doc: docOf(field['doc']),
      ...readFileTraits(scope, field, path),
      inputBinding: readInputBinding(scope, field, path),
      outputBinding: readOutputBinding(scope, field, path),
    });
    return scope.sources.derive(made, field);
  });
  return compact<RecordType>({ type: 'record', fields, ...readCommon(scope, raw, place) });
}

function readEnum(scope: Scope, raw: Raw, place: Place): EnumType {
  checkShape(scope, raw, ENUM, place.path);
  const symbols = listOf(raw['symbols']).flatMap((symbol) =>
    typeof symbol === 'string' ? [symbol.includes('#') ? shortName(symbol) : symbol] : [],
  );
  return compact<EnumType>({ type: 'enum', symbols, ...readCommon(scope, raw, place) });
}

function readArray(scope: Scope, raw: Raw, place: Place): ArrayType {
  checkShape(scope, raw, ARRAY, place.path);
  const items = raw['items'] === undefined ? 'Any' : read(scope, raw['items'], { ...place, field: 'items' });
  return compact<ArrayType>({ type: 'array', items, ...readCommon(scope, raw, place) });
}

function readCommon(
  scope: Scope,
  raw: Raw,
  { path }: Place,
): { name?: string; label?: string; doc?: string; inputBinding?: CommandLineBinding } {
  const name = textOf(raw['name']);
  return compact<{ name?: string; label?: string; doc?: string; inputBinding?: CommandLineBinding }>({
    name: name === undefined ? undefined : typeName(scope, raw, name),
    label: textOf(raw['label']),
    doc: docOf(raw['doc']),
    inputBinding: readInputBinding(scope, raw, path),
  });
}

/** A type of another document keeps that document's file name, which tells `stac.yaml#Item` from any other Item wherever the files lie. */
function typeName(scope: Scope, raw: Raw, name: string): string {
  const home = scope.sources.uriOf(raw) ?? scope.uri;
  const absolute = isAbsoluteUri(name) ? name : resolveUri(home, name.includes('#') ? name : `#${name}`);
  const fragment = fragmentOf(absolute) ?? name;
  const document = withoutFragment(absolute);
  return document === withoutFragment(scope.uri) ? fragment : `${fileNameOf(document)}#${fragment}`;
}

function fault(scope: Scope, place: Place, message: string, hint?: string): PrimitiveType {
  scope.report.error(place.path, at(scope, place.node, place.field), message, hint === undefined ? {} : { hint });
  return 'Any';
}

/** One flat list without repetitions; a single alternative is no union. */
function union(types: CwlType[]): CwlType {
  const flat = types.flatMap((type) => (Array.isArray(type) ? type : [type]));
  const unique = flat.filter((type, index) => typeof type !== 'string' || flat.indexOf(type) === index);
  const [only] = unique;
  return unique.length === 1 && only !== undefined ? only : unique;
}
