import { checkPackage } from '../check/check-package.ts';
import type { CwlPackage, Diagnostic, SourcePosition } from '../model.ts';
import type { ReadDocument } from '../ports.ts';
import { createDocuments } from './documents.ts';
import { didYouMean, listNames } from './did-you-mean.ts';
import { DEFAULT_LIMITS, type LoadLimits } from './limits.ts';
import { readMetadata } from './metadata.ts';
import { readFormatRelations } from './format-relations.ts';
import { createProcessLoader, type ProcessLoader } from './process-loader.ts';
import { describeValue, isRaw, type Raw } from './raw.ts';
import { createReport, inReadingOrder, type Report } from './report.ts';
import { classOf } from './scope.ts';
import { DOCUMENT_FIELDS } from './shapes.ts';
import { createSourceMap, type SourceMap } from './source-map.ts';
import { createTypeNames } from './type-names.ts';
import { fragmentOf, withoutFragment } from './uri.ts';

export interface LoadOptions {
  limits?: Partial<LoadLimits>;
  /** Which process is the main one where neither a fragment nor the id `main` says so: the first Workflow (EODH), else it is an error. */
  entry?: 'first-workflow';
  /** Id of the main process if the document gives it none; `main` unless said. */
  name?: string;
  /** Fields that the standard does not know are warnings, not errors. */
  lenient?: boolean;
  /** The ontologies of `$schemas` are not read: formats are compared by name only. */
  skipSchemas?: boolean;
}

/** Where an object of a loaded package (process, parameter, step, step input, requirement) or one of its fields stands in the source. */
export type Positions = (node: object, field?: string) => SourcePosition | undefined;

export interface LoadResult {
  /** Absent when a diagnostic is an error. */
  package?: CwlPackage;
  diagnostics: Diagnostic[];
  positions: Positions;
}

/** Loads the document at an absolute `uri` (with `#process` if another than the main one is meant) and all it refers to (CWL v1.2, Process §3). */
export async function loadPackage(uri: string, read: ReadDocument, options: LoadOptions = {}): Promise<LoadResult> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const sources = createSourceMap();
  const report = createReport();
  const documents = createDocuments(read, sources, report, limits);
  const loader = createProcessLoader({
    sources,
    report,
    limits,
    documents,
    types: createTypeNames(),
    ...(options.lenient && { lenient: true }),
  });
  const document = withoutFragment(uri);
  const start: SourcePosition = { file: document, line: 1, column: 1 };
  const positions: Positions = (node, field) => sources.position(node, field);
  const failed = (): LoadResult => ({ diagnostics: inReadingOrder(report.diagnostics), positions });

  const loaded = await documents.load(document, { path: '', position: start, chain: [] });
  if (!loaded) return failed();
  const { root } = loaded;
  if (!isRaw(root)) {
    // Nothing is left of a document that imports itself; that was said.
    if (!report.hasErrors())
      report.error('', start, `expected a CWL document (a map with cwlVersion and class), found ${describeValue(root)}`);
    return failed();
  }
  const main = await loadRoot(root, uri, { sources, report, loader, options });
  const formatParents = report.hasErrors() || options.skipSchemas ? {} : await readFormatRelations(loader, documents, report);
  if (main === undefined || report.hasErrors()) return failed();
  const namespaces = loader.namespaces();
  const pkg: CwlPackage = {
    format: 1,
    main,
    processes: loader.processes(),
    namespaces,
    metadata: readMetadata(root, namespaces),
    formatParents,
  };
  return { package: pkg, diagnostics: inReadingOrder(report.diagnostics), positions };
}

/** Loads, then checks every link: the package is there only when both found no error. */
export async function loadAndCheck(uri: string, read: ReadDocument, options?: LoadOptions): Promise<LoadResult> {
  const loaded = await loadPackage(uri, read, options);
  if (!loaded.package) return loaded;
  const diagnostics = inReadingOrder([...loaded.diagnostics, ...checkPackage(loaded.package, loaded.positions)]);
  const { positions } = loaded;
  return diagnostics.some((one) => one.severity === 'error')
    ? { diagnostics, positions }
    : { package: loaded.package, diagnostics, positions };
}

interface Root {
  sources: SourceMap;
  report: Report;
  loader: ProcessLoader;
  options: LoadOptions;
}

/** Reads every process of the document, since any may be asked for later, and answers the id of the main one. */
async function loadRoot(root: Raw, uri: string, context: Root): Promise<string | undefined> {
  const { loader, options, report, sources } = context;
  const document = withoutFragment(uri);
  const home = loader.openDocument(root, document);
  if (root['$graph'] === undefined) {
    const fragment = fragmentOf(uri);
    if (fragment !== undefined && fragment !== '' && !loader.find(root, fragment)) {
      report.error('', sources.position(root), `the document holds no process "${fragment}"`);
      return undefined;
    }
    return loader.add(root, home, { suggested: options.name ?? 'main', isMain: true, chain: [document] });
  }
  checkGraphDocument(root, context);
  const members = loader.members(root);
  const main = chooseMain(root, uri, members, context);
  if (main === undefined) return undefined;
  const ids = new Map<Raw, string | undefined>();
  // The main one first, so that nobody takes its name.
  for (const member of [main, ...members.filter((one) => one !== main)]) {
    if (typeof member['id'] !== 'string' && members.length > 1)
      report.error('$graph', sources.position(member), 'a process of a $graph needs an id');
    ids.set(member, await loader.add(member, home, { suggested: 'main', isMain: member === main, chain: [document] }));
  }
  return ids.get(main);
}

function chooseMain(root: Raw, uri: string, members: Raw[], { loader, report, sources, options }: Root): Raw | undefined {
  const fragment = fragmentOf(uri);
  const ids = members.flatMap((member) => (typeof member['id'] === 'string' ? [`#${member['id'].replace(/^.*#/s, '')}`] : []));
  if (fragment !== undefined && fragment !== '') {
    const named = loader.find(root, fragment);
    if (!named) {
      const more = didYouMean(`#${fragment}`, ids);
      report.error('$graph', sources.position(root, '$graph'), `the document holds no process "${fragment}", only ${listNames(ids)}`, more);
    }
    return named;
  }
  const [only] = members;
  const byRule = loader.find(root, 'main') ?? (members.length === 1 ? only : undefined);
  const first =
    options.entry === 'first-workflow' ? members.find((member) => classOf({ namespaces: {} }, member) === 'Workflow') : undefined;
  const main = byRule ?? first;
  if (!main) {
    const message =
      members.length === 0 ? 'the document holds no process' : `none of the processes is called main: name one of ${listNames(ids)}`;
    report.error('$graph', sources.position(root, '$graph'), message);
  }
  return main;
}

/** Tools ignore what stands beside `$graph`; a word about it helps whoever wrote `schemas` for `$schemas`. */
function checkGraphDocument(root: Raw, { report, sources }: Root): void {
  for (const field of Object.keys(root)) {
    if (field === 'cwlVersion' || field.includes(':') || DOCUMENT_FIELDS.includes(field)) continue;
    const message = `the field "${field}" beside $graph belongs to no process and is ignored`;
    report.warn(field, sources.position(root, field), message, didYouMean(field, DOCUMENT_FIELDS));
  }
}
