import type { CwlType, Json, JsonObject, Process } from '@runnel/cwl';

import { toAddress } from './addresses.ts';
import { CwlFault } from './fault.ts';

/** Inputs given as `--name value`, `--name=value`, several times for lists, or alone for booleans. */
export function inputsFromFlags(words: string[], process: Process, basedir: string): JsonObject {
  const inputs: JsonObject = {};
  for (let index = 0; index < words.length; index += 1) {
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(words[index] ?? '') ?? [];
    const parameter = process.inputs.find(({ id }) => id === name);
    if (name === undefined || parameter === undefined) {
      throw new CwlFault(
        `${words[index]}: the process has no such input; it has ${process.inputs.map(({ id }) => `--${id}`).join(' ') || 'none'}`,
      );
    }
    const type = withoutNull(parameter.type);
    if (type === 'boolean') {
      inputs[name] = inline === undefined || inline === 'true';
      continue;
    }
    const text = inline ?? words[++index];
    if (text === undefined) throw new CwlFault(`--${name} needs a value`);
    const items = typeof type === 'object' && !Array.isArray(type) && type.type === 'array' ? withoutNull(type.items) : undefined;
    if (items === undefined) inputs[name] = valueOf(name, text, type, basedir);
    else inputs[name] = [...((inputs[name] ?? []) as Json[]), valueOf(name, text, items, basedir)];
  }
  return inputs;
}

function withoutNull(type: CwlType): CwlType {
  if (!Array.isArray(type)) return type;
  const rest = type.filter((one) => one !== 'null');
  return rest.length === 1 && rest[0] !== undefined ? rest[0] : rest;
}

function valueOf(name: string, text: string, type: CwlType, basedir: string): Json {
  if (type === 'File' || type === 'Directory') return { class: type, location: toAddress(text, basedir) };
  if (type === 'int' || type === 'long' || type === 'float' || type === 'double') {
    const number = Number(text);
    if (text.trim() === '' || Number.isNaN(number)) throw new CwlFault(`--${name} needs a number, not ${text}`);
    return number;
  }
  if (type === 'string' || (typeof type === 'object' && !Array.isArray(type) && type.type === 'enum')) return text;
  throw new CwlFault(`--${name}: an input of this type can be given only in a job file`);
}
