import type { CommandLineBinding, Json } from '../model.ts';
import { numberText, toText } from '../expression/json-text.ts';
import { ProcessFault } from '../process-fault.ts';
import { isObject, isPathValue, textField } from '../files/values.ts';

/** One value on the command line, as text: paths of files, decimals without exponent. */
export function argumentText(value: Json, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (!isPathValue(value)) return toText(value);
  const staged = textField(value, 'path');
  if (staged === undefined)
    throw new ProcessFault(path, `the ${value.class} ${textField(value, 'basename') ?? ''} has no path on the machine of the tool`);
  return staged;
}

/**
 * Command line elements of one binding whose value is known (CommandLineBinding). Items of an array without `itemSeparator` have bindings of
 * their own, unless the array came from `valueFrom`.
 */
export function bindingArguments(binding: CommandLineBinding, value: Json, path: string): string[] {
  const prefix = binding.prefix === undefined || binding.prefix === '' ? [] : [binding.prefix];
  if (value === null || value === false) return [];
  if (value === true) return prefix;
  if (Array.isArray(value)) return arrayArguments(binding, value, prefix, path);
  if (isObject(value) && !isPathValue(value)) return prefix;
  return withPrefix(binding, prefix, argumentText(value, path));
}

function arrayArguments(binding: CommandLineBinding, value: Json[], prefix: string[], path: string): string[] {
  if (value.length === 0) return [];
  if (binding.itemSeparator !== undefined) {
    const joined = value.map((item) => argumentText(item, path)).join(binding.itemSeparator);
    return withPrefix(binding, prefix, joined);
  }
  return binding.valueFrom === undefined
    ? prefix
    : [...prefix, ...value.flatMap((item) => bindingArguments({ valueFrom: '' }, item, path))];
}

function withPrefix(binding: CommandLineBinding, prefix: string[], text: string): string[] {
  return binding.separate === false ? [prefix.join('') + text] : [...prefix, text];
}

/** Quotes one word for a POSIX shell; plain words stay as they are. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
