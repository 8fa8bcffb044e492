import type { Evaluator } from '../expression/evaluate.ts';
import type { CwlType, Json, JsonObject, LoadListing, Process } from '../model.ts';
import type { RequirementsInForce } from '../requirements.ts';
import { listingMode } from './complete-inputs.ts';
import type { DirectoryValue, PathValue } from './values.ts';
import { isDirectory, isObject, isPathValue, listingOf, mapPathValues, textField, visitPathValues } from './values.ts';

/**
 * Begins the location of a Directory that carries its listing because it is kept as files only, with no folder to look into: how much of it
 * expressions see is for loadListing to say, as with any other Directory. The rest of the location tells such folders apart.
 */
export const listedPrefix = '_:folder/';

interface Rules {
  process: Pick<Process, 'inputs' | 'cwlVersion'>;
  requirements: RequirementsInForce;
}

/** What expressions are shown of an input object, and what stands behind it by location. */
interface View {
  shown: JsonObject;
  whole: Map<string, DirectoryValue>;
}

/** An evaluator whose expressions see of listed folders what loadListing asks for, and whose results have them whole again. */
export function showingListings(evaluate: Evaluator, rules: Rules): Evaluator {
  if (!rules.process.inputs.some(({ type }) => mayHoldDirectory(type))) return evaluate;
  const views = new WeakMap<JsonObject, View>();
  const viewOf = (inputs: JsonObject): View => {
    const known = views.get(inputs) ?? createView(inputs, rules);
    views.set(inputs, known);
    return known;
  };
  return async (template, context, path, options) => {
    const { shown, whole } = viewOf(context.inputs);
    if (whole.size === 0) return evaluate(template, context, path, options);
    const seen = new Map<string, PathValue>();
    visitPathValues(shown, (value) => void seen.set(textField(value, 'location') ?? '', value));
    const self = mapPathValues(context.self, (value) =>
      isListed(value) ? (seen.get(textField(value, 'location') ?? '') ?? value) : value,
    );
    const result = await evaluate(template, { ...context, inputs: shown, self }, path, options);
    return mapPathValues(result, (value) => madeWhole(value, whole));
  };
}

function createView(inputs: JsonObject, { process, requirements }: Rules): View {
  const whole = new Map<string, DirectoryValue>();
  visitPathValues(inputs, (value) => isListed(value) && whole.set(textField(value, 'location') ?? '', value));
  if (whole.size === 0) return { shown: inputs, whole };
  const shown: JsonObject = { ...inputs };
  for (const parameter of process.inputs) {
    const mode = listingMode(parameter, { requirements, cwlVersion: process.cwlVersion });
    const fields = fieldModes(parameter.type, (traits) => listingMode(traits, { requirements, cwlVersion: process.cwlVersion }));
    shown[parameter.id] = showValue(inputs[parameter.id] ?? null, mode, fields);
  }
  return { shown, whole };
}

function showValue(value: Json, mode: LoadListing, fields: ReadonlyMap<string, LoadListing>): Json {
  if (isPathValue(value)) return showPart(value, mode);
  if (Array.isArray(value)) return value.map((item) => showValue(item, mode, fields));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, showValue(item, fields.get(name) ?? mode, fields)]));
}

function showPart(value: PathValue, mode: LoadListing): PathValue {
  if (mode === 'deep_listing' || !isDirectory(value)) return value;
  const { listing, ...rest } = value;
  if (!Array.isArray(listing)) return value;
  if (isListed(value) && mode === 'no_listing') return { ...rest, class: 'Directory' };
  // One level was asked for; of a literal, all that its author wrote is shown.
  const deeper = isListed(value) ? 'no_listing' : mode;
  return { ...value, listing: listingOf(value).map((item) => showPart(item, deeper)) };
}

function madeWhole(value: PathValue, whole: ReadonlyMap<string, DirectoryValue>): PathValue {
  if (!isDirectory(value)) return value;
  const behind = isListed(value) ? whole.get(textField(value, 'location') ?? '') : undefined;
  if (!Array.isArray(value['listing'])) return behind?.['listing'] === undefined ? value : { ...value, listing: behind['listing'] };
  return { ...value, listing: listingOf(value).map((item) => madeWhole(item, whole)) };
}

function isListed(value: PathValue): value is DirectoryValue {
  return isDirectory(value) && textField(value, 'location')?.startsWith(listedPrefix) === true;
}

function fieldModes(type: CwlType, modeOf: (traits: { loadListing?: LoadListing }) => LoadListing): Map<string, LoadListing> {
  const modes = new Map<string, LoadListing>();
  const visit = (one: CwlType): void => {
    if (typeof one === 'string') return;
    if (Array.isArray(one)) one.forEach(visit);
    else if (one.type === 'array') visit(one.items);
    else if (one.type === 'record')
      for (const field of one.fields) {
        if (field.loadListing !== undefined) modes.set(field.name, modeOf(field));
        visit(field.type);
      }
  };
  visit(type);
  return modes;
}

function mayHoldDirectory(type: CwlType): boolean {
  if (typeof type === 'string') return type === 'Directory' || type === 'Any';
  if (Array.isArray(type)) return type.some(mayHoldDirectory);
  if (type.type === 'array') return mayHoldDirectory(type.items);
  return type.type === 'record' && type.fields.some((field) => mayHoldDirectory(field.type));
}
