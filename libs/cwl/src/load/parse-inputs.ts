import type { Diagnostic, JsonObject, Requirement, SourcePosition } from '../model.ts';
import { DEFAULT_LIMITS, type LoadLimits } from './limits.ts';
import { withAbsoluteLocations } from './locations.ts';
import { readNamespaces } from './metadata.ts';
import { parseSource } from './parse-source.ts';
import { describeValue, isRaw, textOf, type Raw } from './raw.ts';
import { readRequirements } from './read-requirements.ts';
import { createReport } from './report.ts';
import { expandPrefix, type Scope } from './scope.ts';
import { createSourceMap } from './source-map.ts';
import { createTypeNames } from './type-names.ts';
import { resolveUri } from './uri.ts';

/** An input object (job) with absolute locations and expanded formats. */
export interface InputObject {
  inputs: JsonObject;
  /** `cwl:requirements`: override those of the process. */
  requirements: Requirement[];
  /** `cwl:tool`: absolute URI of the process to run. */
  tool?: string;
  /** Where an input stands in the text. */
  positionOf: (input: string) => SourcePosition | undefined;
}

export interface ParseInputsOptions {
  /** The package's prefixes, which hold in the input object too. */
  namespaces?: { [prefix: string]: string };
  limits?: Partial<Pick<LoadLimits, 'documentBytes' | 'depth' | 'nodes'>>;
}

/** Reads an input object (YAML or JSON text, or already parsed) found at the absolute `uri`, to which its paths are relative. */
export function parseInputs(
  source: string | JsonObject,
  uri: string,
  options: ParseInputsOptions = {},
): { job: InputObject } | { diagnostics: Diagnostic[] } {
  const sources = createSourceMap();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const parsed = typeof source === 'string' ? parseSource(source, uri, sources, limits) : { value: source };
  if ('diagnostic' in parsed) return { diagnostics: [parsed.diagnostic] };
  // An empty file is an input object without inputs.
  const root = parsed.value ?? {};
  if (!isRaw(root)) {
    const message = `expected a map of inputs, found ${describeValue(root)}`;
    return { diagnostics: [{ severity: 'error', path: '', message, position: { file: uri, line: 1, column: 1 } }] };
  }
  const report = createReport();
  const namespaces = { ...options.namespaces, ...readNamespaces(root) };
  const scope: Scope = { sources, report, limits, version: 'v1.2', namespaces, types: createTypeNames(), uri };
  const job = readJob(scope, root);
  return report.hasErrors() ? { diagnostics: report.diagnostics } : { job };
}

const REQUIREMENTS = 'https://w3id.org/cwl/cwl#requirements';
const TOOL = 'https://w3id.org/cwl/cwl#tool';

function readJob(scope: Scope, root: Raw): InputObject {
  const inputs: Record<string, unknown> = {};
  let requirements: Requirement[] = [];
  let tool: string | undefined;
  for (const [name, value] of Object.entries(root)) {
    const expanded = expandPrefix(scope.namespaces, name);
    if (expanded === REQUIREMENTS) {
      const owner = scope.sources.derive({ requirements: value }, root);
      requirements = readRequirements(scope, owner, 'requirements', '');
    } else if (expanded === TOOL) {
      tool = textOf(value);
    } else if (name !== '$namespaces' && name !== '$schemas') {
      Object.defineProperty(inputs, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  const located = withAbsoluteLocations(inputs, { uriOf: () => scope.uri, namespaces: scope.namespaces }) as JsonObject;
  const positionOf = (input: string): SourcePosition | undefined => scope.sources.position(root, input);
  return { inputs: located, requirements, positionOf, ...(tool !== undefined && { tool: resolveUri(scope.uri, tool) }) };
}
