import { formatIsA } from '../check/format-is-a.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import type { CwlPackage, CwlType, InputParameter, Json, JsonObject } from '../model.ts';
import { ProcessFault } from '../process-fault.ts';
import { alternativeFor } from '../value-type.ts';
import { isFile, isObject, textField, type FileValue } from './values.ts';

export interface FormatContext {
  package: Pick<CwlPackage, 'namespaces' | 'formatParents'>;
  parameters: InputParameter[];
  evaluator: Evaluator;
}

/** Checks `format` of every File against what its parameter or record field wants (CommandInputParameter.format). Throws ProcessFault. */
export async function checkFormats(inputs: JsonObject, context: FormatContext): Promise<void> {
  for (const { id, type, format } of context.parameters) {
    const value = inputs[id] ?? null;
    if (value !== null) await checkValue(value, type, format, { ...context, inputs, path: `inputs.${id}` });
  }
}

interface Scope extends FormatContext {
  inputs: JsonObject;
  path: string;
}

async function checkValue(value: Json, type: CwlType, format: string[] | undefined, scope: Scope): Promise<void> {
  if (isFile(value)) return format === undefined || format.length === 0 ? undefined : checkFile(value, format, scope);
  if (value === null || typeof value !== 'object') return;
  const chosen = alternativeFor(value, type);
  if (Array.isArray(value)) {
    const items = typeof chosen === 'object' && chosen.type === 'array' ? chosen.items : 'Any';
    for (const [index, item] of value.entries()) await checkValue(item, items, format, { ...scope, path: `${scope.path}[${index}]` });
  } else if (isObject(value) && typeof chosen === 'object' && chosen.type === 'record') {
    for (const field of chosen.fields)
      await checkValue(value[field.name] ?? null, field.type, field.format, { ...scope, path: `${scope.path}.${field.name}` });
  }
}

async function checkFile(file: FileValue, declared: string[], scope: Scope): Promise<void> {
  const wanted: string[] = [];
  for (const one of declared) {
    const value = await scope.evaluator(one, { inputs: scope.inputs, self: file }, `${scope.path}.format`);
    wanted.push(...(Array.isArray(value) ? value : [value]).filter((iri) => typeof iri === 'string'));
  }
  const format = textField(file, 'format');
  const name = textField(file, 'basename') ?? 'the file';
  if (format === undefined) throw new ProcessFault(scope.path, `${name} says no format, but ${wanted.join(' or ')} is expected`);
  if (wanted.some((one) => formatIsA(scope.package, format, one))) return;
  throw new ProcessFault(scope.path, `${name} has the format ${format}, but ${wanted.join(' or ')} is expected`);
}
