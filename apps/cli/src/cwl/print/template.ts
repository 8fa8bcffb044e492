import { showType, type CwlType, type Json, type Process } from '@runnel/cwl';

/** A job file with every input of a process, to be filled in; comments say type, default and what the input is for. */
export function jobTemplate(process: Process): string {
  const lines = process.inputs.map((input) => {
    const isOptional = input.default !== undefined || (Array.isArray(input.type) && input.type.includes('null'));
    const notes = [
      showType(input.type),
      ...(input.default !== undefined ? [`default ${JSON.stringify(input.default)}`] : isOptional ? ['optional'] : []),
      ...[input.doc ?? input.label ?? ''].filter(Boolean).map((text) => text.replace(/\s+/g, ' ').trim()),
    ];
    const value = input.default ?? example(input.type);
    return `${/^[A-Za-z_][\w-]*$/.test(input.id) ? input.id : JSON.stringify(input.id)}: ${JSON.stringify(value)}  # ${notes.join('; ')}\n`;
  });
  return lines.length === 0 ? '{}\n' : lines.join('');
}

/** A value of the type that is plainly to be replaced. */
function example(type: CwlType): Json {
  if (Array.isArray(type)) return example(type.find((one) => one !== 'null') ?? 'null');
  if (typeof type === 'object') {
    if (type.type === 'array') return [example(type.items)];
    if (type.type === 'enum') return type.symbols[0] ?? '';
    return Object.fromEntries(type.fields.map((field) => [field.name, example(field.type)]));
  }
  switch (type) {
    case 'File':
      return { class: 'File', path: 'a/file/path' };
    case 'Directory':
      return { class: 'Directory', path: 'a/directory/path' };
    case 'int':
    case 'long':
      return 0;
    case 'float':
    case 'double':
      return 0.1;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return 'a_string';
  }
}
