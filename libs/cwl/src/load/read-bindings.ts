import type { CommandLineBinding, FileTraits, LoadListing, OutputBinding, SecondaryFile } from '../model.ts';
import { checkShape } from './check-shape.ts';
import { isAtLeast } from './field-rules.ts';
import { compact, flagOf, hasExpression, isRaw, listOf, textOf, textsOf, type Raw } from './raw.ts';
import { expandPrefix, join, type Scope } from './scope.ts';
import { INPUT_BINDING, OUTPUT_BINDING, SECONDARY_FILE } from './shapes.ts';

/** What inputs, outputs and record fields say of files. `loadContents` is read from its old place in the inputBinding too. */
export function readFileTraits(scope: Scope, raw: Raw, path: string): FileTraits {
  const binding = isRaw(raw['inputBinding']) ? raw['inputBinding'] : undefined;
  const format = textsOf(raw['format']).map((one) => (hasExpression(one) ? one : expandPrefix(scope.namespaces, one)));
  const secondaryFiles = readSecondaryFiles(scope, raw, path);
  return compact<FileTraits>({
    secondaryFiles: secondaryFiles.length > 0 ? secondaryFiles : undefined,
    format: format.length > 0 ? format : undefined,
    streamable: flagOf(raw['streamable']),
    loadContents: flagOf(raw['loadContents']) ?? flagOf(binding?.['loadContents']),
    loadListing: readLoadListing(raw),
  });
}

export function readLoadListing(raw: Raw): LoadListing | undefined {
  const { loadListing } = raw;
  return loadListing === 'no_listing' || loadListing === 'shallow_listing' || loadListing === 'deep_listing' ? loadListing : undefined;
}

/** Patterns and their DSL: since v1.1 a trailing `?` means not required. */
function readSecondaryFiles(scope: Scope, raw: Raw, path: string): SecondaryFile[] {
  return listOf(raw['secondaryFiles']).flatMap((item, index): SecondaryFile[] => {
    if (typeof item === 'string') return [parsePattern(scope, item)];
    if (!isRaw(item)) return [];
    checkShape(scope, item, SECONDARY_FILE, join(path, 'secondaryFiles', `[${index}]`));
    const { pattern, required } = item;
    if (typeof pattern !== 'string') return [];
    const parsed = parsePattern(scope, pattern);
    return [typeof required === 'boolean' || typeof required === 'string' ? { ...parsed, required } : parsed];
  });
}

function parsePattern(scope: Scope, pattern: string): SecondaryFile {
  const optional = pattern.endsWith('?') && isAtLeast(scope.version, 'v1.1');
  return optional ? { pattern: pattern.slice(0, -1), required: false } : { pattern };
}

export function readInputBinding(scope: Scope, raw: Raw, path: string): CommandLineBinding | undefined {
  const { inputBinding } = raw;
  if (!isRaw(inputBinding)) return undefined;
  checkShape(scope, inputBinding, INPUT_BINDING, join(path, 'inputBinding'));
  return scope.sources.derive(toBinding(inputBinding), inputBinding);
}

/** The binding's own fields; `loadContents` belongs to the parameter since v1.1 and is read there. */
export function toBinding(raw: Raw): CommandLineBinding {
  const { position } = raw;
  return compact<CommandLineBinding>({
    position: typeof position === 'number' || typeof position === 'string' ? position : undefined,
    prefix: textOf(raw['prefix']),
    separate: flagOf(raw['separate']),
    itemSeparator: textOf(raw['itemSeparator']),
    valueFrom: textOf(raw['valueFrom']),
    shellQuote: flagOf(raw['shellQuote']),
  });
}

export function readOutputBinding(scope: Scope, raw: Raw, path: string): OutputBinding | undefined {
  const { outputBinding } = raw;
  if (!isRaw(outputBinding)) return undefined;
  checkShape(scope, outputBinding, OUTPUT_BINDING, join(path, 'outputBinding'));
  const glob = textsOf(outputBinding['glob']);
  const made = compact<OutputBinding>({
    glob: glob.length > 0 ? glob : undefined,
    loadContents: flagOf(outputBinding['loadContents']),
    loadListing: readLoadListing(outputBinding),
    outputEval: textOf(outputBinding['outputEval']),
  });
  return scope.sources.derive(made, outputBinding);
}
