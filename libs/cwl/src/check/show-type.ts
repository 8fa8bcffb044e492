import { listNames } from '../load/did-you-mean.ts';
import type { CwlType } from '../model.ts';

/** A type as one would write it: `File[]?`, `int or string`. For messages. */
export function showType(type: CwlType): string {
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== 'null');
    const optional = others.length < type.length;
    const [only] = others;
    if (optional && others.length === 1 && only !== undefined) return `${showType(only)}?`;
    return [...others.map(showType), ...(optional ? ['null'] : [])].join(' or ');
  }
  if (type.type === 'array') {
    const items = showType(type.items);
    return items.includes(' ') || items.endsWith('?') ? `(${items})[]` : `${items}[]`;
  }
  if (type.name !== undefined) return type.name;
  if (type.type === 'enum') return `one of ${listNames(type.symbols)}`;
  return `record of ${listNames(type.fields.map((field) => field.name))}`;
}
