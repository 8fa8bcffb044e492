import type { CwlVersion, SourcePosition } from '../model.ts';
import type { LoadLimits } from './limits.ts';
import type { Raw } from './raw.ts';
import type { Report } from './report.ts';
import type { SourceMap } from './source-map.ts';
import type { TypeNames } from './type-names.ts';
import { decode, resolveUri } from './uri.ts';

/** What everything inside one process is read with. */
export interface Scope {
  sources: SourceMap;
  report: Report;
  limits: LoadLimits;
  version: CwlVersion;
  namespaces: { [prefix: string]: string };
  types: TypeNames;
  /** The document that holds the process; nodes that were imported know their own. */
  uri: string;
  /** Unknown fields are warnings. */
  lenient?: boolean;
}

export function at(scope: Pick<Scope, 'sources'>, node: object, field?: string): SourcePosition | undefined {
  return scope.sources.position(node, field);
}

/** Path of an element for messages; the main process contributes nothing. */
export function join(path: string, ...names: (string | number)[]): string {
  return names.reduce<string>(
    (whole, name) => (whole === '' || String(name).startsWith('[') ? `${whole}${name}` : `${whole}.${name}`),
    path,
  );
}

/** Resolves a reference against the document in which `node` was written. */
export function resolveFrom(scope: Pick<Scope, 'sources' | 'uri'>, node: object, reference: string): string {
  return resolveUri(scope.sources.uriOf(node) ?? scope.uri, reference);
}

const CWL = 'https://w3id.org/cwl/cwl#';

/** Writes out a declared prefix: `edam:format_2330` becomes an IRI. Texts without a declared prefix stay as they are. */
export function expandPrefix(namespaces: { [prefix: string]: string }, name: string): string {
  const colon = name.indexOf(':');
  if (colon < 0) return name;
  const prefix = name.slice(0, colon);
  if (Object.hasOwn(namespaces, prefix)) return (namespaces[prefix] ?? '') + name.slice(colon + 1);
  return prefix === 'cwl' && !name.startsWith('cwl://') ? CWL + name.slice(colon + 1) : name;
}

/** The class as the specification writes it, whether given short, with the prefix `cwl:` or as an IRI. */
export function classOf(scope: Pick<Scope, 'namespaces'>, raw: Raw): string | undefined {
  const { class: given } = raw;
  if (typeof given !== 'string') return undefined;
  const expanded = expandPrefix(scope.namespaces, given);
  return expanded.startsWith(CWL) ? expanded.slice(CWL.length) : expanded;
}

const CWLTOOL = 'http://commonwl.org/cwltool#';

/** Requirements of cwltool that the standard did not take over and that this engine meets all the same. */
const EXTENSIONS = ['MPIRequirement', 'CUDARequirement', 'Secrets'];

/**
 * The name under which this engine knows an extension of cwltool: that of the standard where v1.1 took it over, its own otherwise; undefined for any
 * other requirement.
 */
export function adoptedExtension(name: string): string | undefined {
  const extension = name.replace(/^cwltool:/, CWLTOOL);
  if (!extension.startsWith(CWLTOOL)) return undefined;
  const adopted = extension.slice(CWLTOOL.length);
  if (adopted === 'TimeLimit') return 'ToolTimeLimit';
  return ['LoadListingRequirement', 'WorkReuse', 'NetworkAccess', 'InplaceUpdateRequirement', ...EXTENSIONS].includes(adopted)
    ? adopted
    : undefined;
}

/** The last part of an identifier: `#main/step/in` and `in` both name `in`. */
export function shortName(id: string): string {
  const hash = id.lastIndexOf('#');
  const local = hash < 0 ? id : decode(id.slice(hash + 1));
  return local.slice(local.lastIndexOf('/') + 1);
}
