import type { ArrayType, CommandLineBinding, CommandLineTool, CwlType, EnumType, Json, JsonObject, RecordType } from '../model.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import { compareCodePoints } from '../expression/json-text.ts';
import type { ExpressionContext } from '../ports.ts';
import { ProcessFault } from '../process-fault.ts';
import { describeValue } from '../load/raw.ts';
import { alternativeFor } from '../value-type.ts';
import { isObject, isPathValue } from '../files/values.ts';

/** Put together by `concat`: a list made by spreading has room for 16 more, and there is one for each of thousands of files. */
type SortKey = (number | string)[];

/** A binding with the value it puts on the command line, before `valueFrom`. */
export interface BoundValue {
  key: SortKey;
  binding: CommandLineBinding;
  value: Json;
  path: string;
}

interface Bindable {
  type: CwlType;
  inputBinding?: CommandLineBinding;
}

interface Scope {
  evaluator: Evaluator;
  context: Omit<ExpressionContext, 'self'>;
}

/** Collects all bindings of arguments and inputs, in the order of the command line (§ Input binding, steps 1 to 4). */
export async function collectBindings(tool: CommandLineTool, inputs: JsonObject, scope: Scope): Promise<BoundValue[]> {
  const bound: BoundValue[] = [];
  for (const [index, argument] of tool.arguments.entries()) {
    const binding: CommandLineBinding = typeof argument === 'string' ? { valueFrom: argument } : argument;
    const path = `arguments[${index}]`;
    bound.push({ key: [await position(binding, null, path, scope), index], binding, value: null, path });
  }
  for (const input of tool.inputs) {
    const value = inputs[input.id] ?? null;
    if (value === null) continue;
    for (const one of await bind(input, value, [], [input.id], `inputs.${input.id}`, scope)) bound.push(one);
  }
  return bound.sort((left, right) => compareKeys(left.key, right.key));
}

/** Numbers sort before strings, a shorter key before its continuation. */
function compareKeys(left: SortKey, right: SortKey): number {
  for (let index = 0; index < left.length; index += 1) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined || b === undefined) return 1;
    if (a === b) continue;
    if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
    return typeof b === 'number' ? 1 : compareCodePoints(a, b);
  }
  return left.length - right.length;
}

/**
 * Binds a value by its declaration. The bindings of its parts get the key of the declaration's own binding in front, so that they stay together;
 * with `valueFrom` that one value replaces all parts.
 */
async function bind(declared: Bindable, value: Json, lead: SortKey, tail: SortKey, path: string, scope: Scope): Promise<BoundValue[]> {
  const binding = declared.inputBinding;
  const type = alternativeFor(value, declared.type);
  if (type === undefined) throw new ProcessFault(path, `${describeValue(value)} fits no type of the parameter`);
  const parts = binding?.valueFrom === undefined ? await bindParts(type, binding, value, lead, tail, path, scope) : [];
  if (binding === undefined) return parts;
  const key = lead.concat(await position(binding, value, path, scope), tail);
  for (const part of parts) part.key = key.concat(part.key);
  parts.push({ key, binding, value, path });
  return parts;
}

async function bindParts(
  type: Exclude<CwlType, CwlType[]>,
  outer: CommandLineBinding | undefined,
  value: Json,
  lead: SortKey,
  tail: SortKey,
  path: string,
  scope: Scope,
) {
  if (Array.isArray(value)) {
    const declared = typeof type === 'object' && type.type === 'array' ? type : { items: 'Any' as const, inputBinding: undefined };
    const items = declared.inputBinding ?? (outer !== undefined && outer.itemSeparator === undefined ? {} : undefined);
    return bindItems(declared.items, items, value, lead, tail, path, scope);
  }
  if (!isObject(value) || isPathValue(value)) return typeof type === 'object' ? bindType(type, value, [], lead, tail, path, scope) : [];
  const fields: BoundValue[] = [];
  for (const field of typeof type === 'object' && type.type === 'record' ? type.fields : []) {
    const item = value[field.name] ?? null;
    if (item !== null) fields.push(...(await bind(field, item, lead, [field.name], `${path}.${field.name}`, scope)));
  }
  return typeof type === 'object' ? bindType(type, value, fields, lead, tail, path, scope) : fields;
}

/** The binding that an array type declares belongs to each of its items. */
async function bindItems(
  items: CwlType,
  binding: CommandLineBinding | undefined,
  value: Json[],
  lead: SortKey,
  tail: SortKey,
  path: string,
  scope: Scope,
) {
  const bound: BoundValue[] = [];
  const declared: Bindable = { type: items, ...(binding !== undefined && { inputBinding: binding }) };
  for (const [index, item] of value.entries()) {
    if (item === null) continue;
    bound.push(...(await bind(declared, item, lead.concat(index), tail, `${path}[${index}]`, scope)));
  }
  return bound;
}

/** Enum and record types may have a binding of their own besides that of the parameter. */
async function bindType(
  type: ArrayType | EnumType | RecordType,
  value: Json,
  parts: BoundValue[],
  lead: SortKey,
  tail: SortKey,
  path: string,
  scope: Scope,
) {
  const binding = type.inputBinding;
  if (binding === undefined) return parts;
  const key = lead.concat(await position(binding, value, path, scope), tail);
  const kept = binding.valueFrom === undefined ? parts.map((part) => ({ ...part, key: key.concat(part.key) })) : [];
  return [...kept, { key, binding, value, path }];
}

async function position(binding: CommandLineBinding, self: Json, path: string, scope: Scope): Promise<number> {
  const declared = binding.position ?? 0;
  if (typeof declared === 'number') return declared;
  const value = await scope.evaluator(declared, { ...scope.context, self }, `${path}.inputBinding.position`);
  if (value === null) return 0;
  if (!Number.isInteger(value))
    throw new ProcessFault(`${path}.inputBinding.position`, `must give a whole number or null, not ${describeValue(value)}`);
  return value as number;
}
