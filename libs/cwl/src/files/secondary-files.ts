import type { Json, JsonObject, SecondaryFile } from '../model.ts';
import type { Evaluator } from '../expression/evaluate.ts';
import { hasExpression } from '../expression/template.ts';
import type { ExpressionContext } from '../ports.ts';
import { ProcessFault } from '../process-fault.ts';
import { describeValue } from '../load/raw.ts';
import { baseNameOf, completeNames, directoryName, joinPath, relatedLocation } from './names.ts';
import type { FileValue, PathValue } from './values.ts';
import { addressOf, isPathValue, secondaryFilesOf, textField } from './values.ts';

export interface SecondaryFilesContext {
  evaluator: Evaluator;
  /** What expressions see besides `self`, the primary file. */
  context: Omit<ExpressionContext, 'self'>;
  /** Required unless the declaration says otherwise: true for inputs, false for outputs. */
  requiredByDefault: boolean;
  /** What stands at a path or location; undefined where nothing does. Absent: only what the value brings along counts. */
  find?: (address: string) => Promise<'File' | 'Directory' | undefined>;
  /** Place in the document, for messages. */
  path: string;
}

/** Name of a secondary file: each leading `^` takes one extension off the primary's name, the rest is appended. */
export function applyPattern(basename: string, pattern: string): string {
  let root = basename;
  let rest = pattern;
  while (rest.startsWith('^')) {
    rest = rest.slice(1);
    const dot = root.lastIndexOf('.');
    if (dot >= 0) root = root.slice(0, dot);
  }
  return root + rest;
}

/**
 * Completes the secondary files of a primary file by the declared patterns and expressions: what it already carries counts, the others are looked
 * for beside it. Throws ProcessFault for a required one that is missing.
 */
export async function resolveSecondaryFiles(
  primary: FileValue,
  declared: SecondaryFile[],
  options: SecondaryFilesContext,
): Promise<FileValue> {
  const present = [...secondaryFilesOf(primary)];
  for (const [index, declaration] of declared.entries()) {
    const path = `${options.path}.secondaryFiles[${index}]`;
    const required = await isRequired(declaration, primary, { ...options, path });
    for (const wanted of await wantedFiles(declaration, primary, { ...options, path })) {
      await addWanted(present, wanted, primary, required, { ...options, path });
    }
  }
  return { ...primary, secondaryFiles: present };
}

async function isRequired(declaration: SecondaryFile, primary: FileValue, options: SecondaryFilesContext): Promise<boolean> {
  const { required } = declaration;
  if (required === undefined) return options.requiredByDefault;
  if (typeof required === 'boolean') return required;
  const value = await options.evaluator(required, { ...options.context, self: primary }, `${options.path}.required`);
  if (typeof value !== 'boolean' && value !== null)
    throw new ProcessFault(`${options.path}.required`, `must give true, false or null, not ${describeValue(value)}`);
  return value === true;
}

async function wantedFiles(
  declaration: SecondaryFile,
  primary: FileValue,
  options: SecondaryFilesContext,
): Promise<(string | PathValue)[]> {
  const { pattern } = declaration;
  if (!hasExpression(pattern)) return [applyPattern(baseNameOf(primary) ?? '', pattern)];
  const value = await options.evaluator(pattern, { ...options.context, self: primary }, options.path);
  const list: Json[] = Array.isArray(value) ? value.flat() : [value];
  return list.flatMap((item): (string | PathValue)[] => {
    if (item === null || item === '') return [];
    if (typeof item === 'string' || isPathValue(item)) return [item];
    throw new ProcessFault(options.path, `must give names, File or Directory objects, not ${describeValue(item)}`);
  });
}

async function addWanted(
  present: PathValue[],
  wanted: string | PathValue,
  primary: FileValue,
  required: boolean,
  options: SecondaryFilesContext,
) {
  const name = typeof wanted === 'string' ? wanted : baseNameOf(wanted);
  if (name !== undefined && present.some((file) => baseNameOf(file) === name)) return;
  const candidate = typeof wanted === 'string' ? sibling(primary, wanted) : completeNames(wanted);
  const address = addressOf(candidate);
  if (options.find === undefined) {
    if (typeof wanted !== 'string') present.push(candidate);
    else if (required) throw missing(wanted, primary, options.path);
    return;
  }
  const kind = address === undefined ? candidate.class : await options.find(address);
  if (kind !== undefined) present.push({ ...candidate, class: kind });
  else if (required) throw missing(name ?? 'without a name', primary, options.path);
}

function missing(name: string, primary: FileValue, path: string): ProcessFault {
  return new ProcessFault(path, `the required secondary file ${name} of ${baseNameOf(primary) ?? 'a file'} is missing`);
}

function sibling(primary: FileValue, name: string): PathValue {
  const location = textField(primary, 'location');
  const path = textField(primary, 'path');
  const value: JsonObject = {
    class: 'File',
    ...(location !== undefined && { location: relatedLocation(location, name) }),
    ...(path !== undefined && { path: joinPath(directoryName(path), name) }),
  };
  return completeNames(value) as PathValue;
}
