import type { CwlType, Json, JsonObject, Process } from '@runnel/cwl';

/**
 * Execute-request inputs (18-062r2, 7.11.2) as a CWL input object: links `{href, type}` and plain addresses become Files and Directories where the
 * process wants these, qualified values `{value, mediaType}` their value, one value a list where a list is wanted. What does not fit stays as it
 * is: the check of types then names it.
 */
export function toInputObject(inputs: JsonObject, process: Pick<Process, 'inputs'>): JsonObject {
  const types = new Map(process.inputs.map(({ id, type }) => [id, type]));
  return Object.fromEntries(
    Object.entries(inputs).map(([id, value]) => {
      const type = types.get(id);
      return [id, type === undefined ? value : convert(value, type)];
    }),
  );
}

function convert(value: Json, type: CwlType): Json {
  const members = membersOf(type);
  if (Array.isArray(value)) {
    const list = members.find((member) => typeof member === 'object' && member.type === 'array');
    return list && 'items' in list && holdsFiles(list.items) ? value.map((item) => convert(item, list.items)) : value;
  }
  const wanted = members.includes('File') ? 'File' : members.includes('Directory') ? 'Directory' : undefined;
  if (wanted) return fileOf(value, wanted);
  if (isQualified(value) && !members.some((member) => typeof member === 'object' && member.type === 'record'))
    return convert(value.value, type);
  const list = members.find((member) => typeof member === 'object' && member.type === 'array');
  const onlyList = list !== undefined && members.every((member) => member === list || member === 'null');
  // One value where maxOccurs is above 1 need not be written as a list.
  return onlyList && 'items' in list && value !== null ? [convert(value, list.items)] : value;
}

function membersOf(type: CwlType): Exclude<CwlType, CwlType[]>[] {
  return Array.isArray(type) ? type.flatMap(membersOf) : [type];
}

function holdsFiles(type: CwlType): boolean {
  return membersOf(type).some(
    (member) =>
      member === 'File' || member === 'Directory' || (typeof member === 'object' && member.type === 'array' && holdsFiles(member.items)),
  );
}

function fileOf(value: Json, kind: 'File' | 'Directory'): Json {
  if (typeof value === 'string') return { class: kind, location: value };
  if (!isObject(value) || 'class' in value) return value;
  if (typeof value['href'] === 'string') return { class: kind, location: value['href'] };
  if (kind === 'File' && isQualified(value)) return literalFile(value);
  return value;
}

/** A file whose content stands in the request. */
function literalFile({ value, ...rest }: JsonObject & { value: Json }): Json {
  const encoding = rest['encoding'] ?? (isObject(rest['format']) ? rest['format']['encoding'] : undefined);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // CWL's literals are text: bytes are uploaded instead. The check of types names the input.
  if (encoding === 'base64' || encoding === 'binary') return { value, ...rest };
  return { class: 'File', basename: typeof value === 'string' ? 'value.txt' : 'value.json', contents: text };
}

function isQualified(value: Json): value is JsonObject & { value: Json } {
  return (
    isObject(value) &&
    'value' in value &&
    Object.keys(value).every((key) => ['value', 'mediaType', 'encoding', 'schema', 'format'].includes(key))
  );
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
