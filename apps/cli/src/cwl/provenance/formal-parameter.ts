import type { CwlType, InputParameter, OutputParameter } from '@runnel/cwl';

import type { Entity } from './crate.ts';

/** A parameter as Bioschemas describes it (Workflow Run Crate, "Representing CWL parameters"). */
export function formalParameter(parameter: InputParameter | OutputParameter, id: string): Entity {
  const { isList, isOptional, kind } = kindOf(parameter.type);
  const value = 'default' in parameter ? parameter.default : undefined;
  const format = parameter.format?.filter((one) => /^https?:/.test(one));
  return {
    '@id': id,
    '@type': 'FormalParameter',
    conformsTo: { '@id': 'https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE' },
    name: parameter.id,
    additionalType: (parameter as { secondaryFiles?: unknown }).secondaryFiles === undefined ? kind : 'Collection',
    valueRequired: isOptional || value !== undefined ? 'False' : 'True',
    ...(isList && { multipleValues: 'True' }),
    ...(parameter.doc !== undefined && { description: parameter.doc }),
    ...(value !== undefined && value !== null && typeof value !== 'object' && { defaultValue: String(value) }),
    ...(format !== undefined && format.length > 0 && { encodingFormat: format.length === 1 ? format[0] : format }),
  };
}

function kindOf(type: CwlType): { kind: string; isList: boolean; isOptional: boolean } {
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== 'null');
    const [first = 'Any'] = others;
    const found = others.length === 1 ? kindOf(first) : { kind: 'DataType', isList: false };
    return { ...found, isOptional: others.length < type.length };
  }
  if (typeof type === 'object') {
    if (type.type === 'array') return { ...kindOf(type.items), isList: true, isOptional: false };
    return { kind: type.type === 'enum' ? 'Text' : 'PropertyValue', isList: false, isOptional: false };
  }
  const kinds: { [name: string]: string } = { File: 'File', Directory: 'Dataset', boolean: 'Boolean', int: 'Integer', long: 'Integer', float: 'Float', double: 'Float', string: 'Text' }; // prettier-ignore
  return { kind: kinds[type] ?? 'DataType', isList: false, isOptional: type === 'null' };
}
