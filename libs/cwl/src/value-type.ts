import { valueFaults } from './check/check-value.ts';
import type { CwlType, Json } from './model.ts';

/** True where the value is of the type; a missing value counts as null. */
export function isOfType(value: Json | undefined, type: CwlType): boolean {
  return valueFaults(value ?? null, type, '').length === 0;
}

/** True where null is a value of the type. */
export function isOptional(type: CwlType): boolean {
  return isOfType(null, type);
}

/** The alternative of a union that fits the value; a type that is no union is returned as it is. */
export function alternativeFor(value: Json, type: CwlType): Exclude<CwlType, CwlType[]> | undefined {
  if (!Array.isArray(type)) return type;
  for (const alternative of type) {
    if (isOfType(value, alternative)) return alternativeFor(value, alternative);
  }
  return undefined;
}
