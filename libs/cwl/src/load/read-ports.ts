import type { CwlType, FileTraits, InputParameter, Json, OutputParameter } from '../model.ts';
import { checkShape } from './check-shape.ts';
import { readEntries, type Entry } from './entries.ts';
import { withAbsoluteLocations } from './locations.ts';
import { readFileTraits, readInputBinding, readOutputBinding } from './read-bindings.ts';
import { readType } from './read-type.ts';
import { compact, docOf, textOf, type Raw } from './raw.ts';
import { at, join, type Scope } from './scope.ts';
import { INPUT, OUTPUT } from './shapes.ts';

export function readInputs(scope: Scope, process: Raw, path: string, stdin?: (input: string) => void): InputParameter[] {
  return readEntries(scope, process, 'inputs', path, 'id', 'type').map((entry) => {
    checkShape(scope, entry.raw, INPUT, entry.path);
    const isStdin = entry.raw['type'] === 'stdin' && stdin !== undefined;
    if (isStdin) acceptStdin(scope, entry, stdin);
    const { raw } = entry;
    const made = compact<InputParameter>({
      id: entry.name,
      ...common(scope, entry, isStdin),
      default: readDefault(scope, raw),
      inputBinding: readInputBinding(scope, raw, entry.path),
    });
    return scope.sources.derive(made, raw);
  });
}

/** Outputs of anything but a workflow. `stream` names the file of an output with the type `stdout` or `stderr`. */
export function readOutputs(scope: Scope, process: Raw, path: string, stream?: (kind: 'stdout' | 'stderr') => string): OutputParameter[] {
  return readEntries(scope, process, 'outputs', path, 'id', 'type').map((entry) => {
    const { raw } = entry;
    checkShape(scope, raw, OUTPUT, entry.path);
    const { type } = raw;
    const kind = stream && (type === 'stdout' || type === 'stderr') ? type : undefined;
    const glob = kind && stream?.(kind);
    if (kind && raw['outputBinding'] !== undefined) {
      const message = `an output of type ${kind} has no outputBinding: its file is what the tool writes there`;
      scope.report.error(join(entry.path, 'outputBinding'), at(scope, raw, 'outputBinding'), message);
    }
    const made = compact<OutputParameter>({
      id: entry.name,
      ...common(scope, entry, kind !== undefined),
      outputBinding: glob === undefined ? readOutputBinding(scope, raw, entry.path) : { glob: [glob] },
    });
    return scope.sources.derive(made, raw);
  });
}

/** What all parameters have in common; a stream shortcut is a File that is read or written once. */
export function common(
  scope: Scope,
  { raw, path }: Entry,
  isStream: boolean,
): FileTraits & { type: CwlType; label?: string; doc?: string } {
  const traits = readFileTraits(scope, raw, path);
  return {
    ...compact<{ label?: string; doc?: string }>({ label: textOf(raw['label']), doc: docOf(raw['doc']) }),
    type: isStream ? 'File' : raw['type'] === undefined || raw['type'] === null ? 'Any' : readType(scope, raw, 'type', path),
    ...traits,
    ...(isStream && { streamable: true }),
  };
}

/** Present also when it is null; absent only where the document says nothing. */
export function readDefault(scope: Scope, raw: Raw): Json | undefined {
  if (!Object.hasOwn(raw, 'default')) return undefined;
  return withAbsoluteLocations(raw['default'], { uriOf: (node) => scope.sources.uriOf(node) ?? scope.uri, namespaces: scope.namespaces });
}

function acceptStdin(scope: Scope, { name, raw, path }: Entry, stdin: (input: string) => void): void {
  if (scope.version === 'v1.0') {
    scope.report.error(path, at(scope, raw, 'type'), 'the type "stdin" exists since CWL v1.1, but this is a v1.0 document');
  }
  if (raw['inputBinding'] !== undefined) {
    const message = 'an input of type stdin has no inputBinding: the tool reads it from its standard input';
    scope.report.error(join(path, 'inputBinding'), at(scope, raw, 'inputBinding'), message);
  }
  stdin(name);
}
