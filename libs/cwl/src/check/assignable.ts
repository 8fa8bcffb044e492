import type { CwlType, PrimitiveType, RecordType } from '../model.ts';

/** `never`: no value of the source is one of the sink. `sometimes`: the run will tell. */
export type Assignability = 'always' | 'sometimes' | 'never';

const NUMERIC: readonly PrimitiveType[] = ['int', 'long', 'float', 'double'];

/** How values of one type fit where another is expected (Workflow §2, data links). */
export function assignability(source: CwlType, sink: CwlType): Assignability {
  if (Array.isArray(source)) return ofUnion(source, sink);
  if (Array.isArray(sink)) return best(sink.map((one) => assignability(source, one)));
  if (sink === 'Any') return source === 'null' ? 'never' : 'always';
  if (source === 'Any') return sink === 'null' ? 'never' : 'sometimes';
  if (typeof source === 'string' || typeof sink === 'string') return source === sink ? 'always' : ofNumbers(source, sink);
  // Lists whose items never fit still share the empty list, but nobody links them for that.
  if (source.type === 'array' && sink.type === 'array') return assignability(source.items, sink.items);
  if (source.type === 'record' && sink.type === 'record') return ofRecords(source, sink);
  if (source.type === 'enum' && sink.type === 'enum') {
    const accepted = new Set(sink.symbols);
    const shared = source.symbols.filter((symbol) => accepted.has(symbol)).length;
    return shared === source.symbols.length ? 'always' : shared === 0 ? 'never' : 'sometimes';
  }
  return 'never';
}

/** A null among the alternatives does not make a link fit: a source that only ever brings nothing is a mistake, unless it is all there is. */
function ofUnion(source: CwlType[], sink: CwlType): Assignability {
  const all = source.map((one) => assignability(one, sink));
  if (all.every((one) => one === 'always')) return 'always';
  const values = source.filter((one) => one !== 'null');
  const fitting = (values.length === 0 ? source : values).some((one) => assignability(one, sink) !== 'never');
  return fitting ? 'sometimes' : 'never';
}

/** Whole numbers are numbers; the other way round the value decides. Enum values are texts. */
function ofNumbers(source: CwlType, sink: CwlType): Assignability {
  const from = NUMERIC.findIndex((one) => one === source);
  const to = NUMERIC.findIndex((one) => one === sink);
  if (from >= 0 && to >= 0) return from <= to || to >= 2 ? 'always' : 'sometimes';
  if (typeof source === 'object' && !Array.isArray(source) && source.type === 'enum' && sink === 'string') return 'always';
  if (source === 'string' && typeof sink === 'object' && !Array.isArray(sink) && sink.type === 'enum') return 'sometimes';
  return 'never';
}

function ofRecords(source: RecordType, sink: RecordType): Assignability {
  const brought = new Map(source.fields.map((field) => [field.name, field.type]));
  const fields = sink.fields.map((field): Assignability => {
    const given = brought.get(field.name);
    return given ? assignability(given, field.type) : isOptional(field.type) ? 'always' : 'never';
  });
  if (fields.includes('never')) return 'never';
  return fields.includes('sometimes') ? 'sometimes' : 'always';
}

function best(all: Assignability[]): Assignability {
  if (all.includes('always')) return 'always';
  return all.includes('sometimes') ? 'sometimes' : 'never';
}

export function isOptional(type: CwlType): boolean {
  return type === 'null' || (Array.isArray(type) && type.includes('null'));
}

/** The type without null: `string?` becomes string. Null alone stays. */
export function withoutNull(type: CwlType): CwlType {
  if (!Array.isArray(type)) return type;
  const [only, ...more] = type.filter((one) => one !== 'null');
  return only === undefined ? 'null' : more.length === 0 ? only : [only, ...more];
}

export function orNull(type: CwlType): CwlType {
  return isOptional(type) ? type : (['null', type].flat() as CwlType[]);
}
