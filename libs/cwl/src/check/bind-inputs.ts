import { didYouMean, listNames } from '../load/did-you-mean.ts';
import { defineOwn } from '../load/parse-json.ts';
import type { CwlType, Diagnostic, InputParameter, Json, JsonObject, Process } from '../model.ts';
import { ProcessFault } from '../process-fault.ts';
import { valueFaults } from './check-value.ts';
import { showType } from './show-type.ts';

export interface BindOptions {
  /** An input that the process does not declare is an error; otherwise it is left out. */
  strictUnknown?: boolean;
}

/** Applies defaults (to null and missing alike), fills missing optional inputs with null and validates every value against its type. */
export function bindInputs(
  process: Pick<Process, 'id' | 'inputs'>,
  inputs: JsonObject,
  options: BindOptions = {},
): { inputs: JsonObject } | { diagnostics: Diagnostic[] } {
  const diagnostics = options.strictUnknown ? unknownInputs(process, inputs) : [];
  const bound: JsonObject = {};
  for (const parameter of process.inputs) {
    const given = Object.hasOwn(inputs, parameter.id) ? inputs[parameter.id] : undefined;
    const value = withMissingFields(given ?? parameter.default ?? null, parameter.type);
    defineOwn(bound, parameter.id, value);
    diagnostics.push(...faultsOf(parameter, value, given));
  }
  return diagnostics.length > 0 ? { diagnostics } : { inputs: bound };
}

/**
 * What a step hands to its process, as that sees it: defaults stand for what the step leaves out or gives as null, and every value is of its type.
 * A link is checked before the run only as far as types tell. Throws ProcessFault with every fault.
 */
export function stepInputs(process: Pick<Process, 'id' | 'inputs'>, given: JsonObject): JsonObject {
  const bound = bindInputs(process, given);
  if ('inputs' in bound) return bound.inputs;
  const [only, ...more] = bound.diagnostics;
  throw new ProcessFault(only && more.length === 0 ? only.path : 'inputs', bound.diagnostics.map(({ message }) => message).join('; '));
}

/** Of one input; a list of a million wrong elements is wrong in one way. */
const FAULTS_TOLD = 10;

function faultsOf(parameter: InputParameter, value: Json, given: Json | undefined): Diagnostic[] {
  if (value === null && valueFaults(null, parameter.type, '').length > 0) {
    const found = given === null ? 'it is null' : 'it is missing';
    return [fault(`inputs.${parameter.id}`, `the input "${parameter.id}" is required (${showType(parameter.type)}), but ${found}`)];
  }
  const faults = valueFaults(value, parameter.type, parameter.id);
  const told = faults
    .slice(0, FAULTS_TOLD)
    .map(({ path, message }) =>
      fault(
        `inputs.${path}`,
        path === parameter.id ? `the input "${path}": ${message}` : `the input "${parameter.id}", at ${path}: ${message}`,
      ),
    );
  const rest = faults.length - told.length;
  if (rest > 0) told.push(fault(`inputs.${parameter.id}`, `the input "${parameter.id}" has ${rest} more faults like these`));
  return told;
}

function unknownInputs(process: Pick<Process, 'id' | 'inputs'>, inputs: JsonObject): Diagnostic[] {
  const known = process.inputs.map((parameter) => parameter.id);
  return Object.keys(inputs)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      ...fault(`inputs.${name}`, `unknown input "${name}": the process takes ${known.length === 0 ? 'no inputs' : listNames(known)}`),
      ...didYouMean(name, known),
    }));
}

function fault(path: string, message: string): Diagnostic {
  return { severity: 'error', path, message };
}

/** Optional fields that a record leaves out are null in expressions, like optional inputs. */
function withMissingFields(value: Json, type: CwlType): Json {
  if (value === null || typeof value !== 'object' || typeof type === 'string') return value;
  if (Array.isArray(type)) {
    const chosen = type.find((one) => valueFaults(value, one, '').length === 0);
    return chosen === undefined ? value : withMissingFields(value, chosen);
  }
  if (type.type === 'array') return Array.isArray(value) ? value.map((item) => withMissingFields(item, type.items)) : value;
  if (type.type !== 'record' || Array.isArray(value)) return value;
  const filled: JsonObject = { ...value };
  for (const field of type.fields) {
    const present = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    defineOwn(filled, field.name, withMissingFields(present ?? null, field.type));
  }
  return filled;
}
