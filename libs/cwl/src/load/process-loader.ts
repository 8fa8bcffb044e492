import type { CwlVersion, Process, SourcePosition } from '../model.ts';
import { didYouMean, listNames } from './did-you-mean.ts';
import type { Documents } from './documents.ts';
import { fragmentsOf } from './find-by-name.ts';
import { readNamespaces } from './metadata.ts';
import { readProcess } from './read-process.ts';
import type { ResolveRun } from './read-workflow.ts';
import { describeValue, isRaw, listOf, textOf, textsOf, type Raw } from './raw.ts';
import { join, resolveFrom, type Scope } from './scope.ts';
import { fileNameOf, fragmentOf, resolveUri, withoutFragment } from './uri.ts';

/** What a document says for all its processes. */
interface Home {
  uri: string;
  version: CwlVersion;
  namespaces: { [prefix: string]: string };
}

interface Request {
  /** Id to take if the process has none of its own. */
  suggested?: string;
  /** Inline processes are named by their place: by way of an alias or an import the same text may stand in two steps. */
  name?: string;
  isMain?: boolean;
  /** Documents that led here. */
  chain: readonly string[];
}

/** Reads processes, each once, and names them uniquely within the package. */
export interface ProcessLoader {
  openDocument(root: Raw, uri: string): Home;
  /** The processes of a `$graph`. */
  members(root: Raw): Raw[];
  find(root: Raw, fragment: string): Raw | undefined;
  add(raw: Raw, home: Home, request: Request): Promise<string | undefined>;
  processes(): { [id: string]: Process };
  namespaces(): { [prefix: string]: string };
  schemas(): { uri: string; position: SourcePosition | undefined }[];
}

type Context = Omit<Scope, 'version' | 'namespaces' | 'uri'> & { documents: Documents };

export function createProcessLoader(context: Context): ProcessLoader {
  const { sources, report, limits, documents } = context;
  const ids = new Map<Raw, string>();
  const taken = new Set<string>();
  const processes = new Map<string, Process>();
  const homes = new Map<Raw, Home>();
  const schemas = new Map<string, SourcePosition | undefined>();
  const contents = new Map<Raw, { members: Raw[]; named: ReadonlyMap<string, Raw> }>();
  const counts = new Map<string, number>();

  const openDocument = (root: Raw, uri: string): Home => {
    const known = homes.get(root);
    if (known) return known;
    // Some packers write the version into the members.
    const versioned =
      root['cwlVersion'] === undefined
        ? listOf(root['$graph']).find((member) => isRaw(member) && member['cwlVersion'] !== undefined)
        : root;
    const home: Home = { uri, version: readVersion(isRaw(versioned) ? versioned : root, undefined), namespaces: readNamespaces(root) };
    homes.set(root, home);
    noteSchemas(root, uri);
    for (const member of listOf(root['$graph'])) {
      if (isRaw(member) && member['class'] === undefined && typeof member['name'] === 'string')
        context.types.add(member['name'], uri, member);
    }
    return home;
  };

  const noteSchemas = (raw: Raw, uri: string) => {
    for (const schema of textsOf(raw['$schemas'])) schemas.set(resolveUri(uri, schema), sources.position(raw, '$schemas'));
  };

  const readVersion = (raw: Raw, inherited: CwlVersion | undefined): CwlVersion => {
    const given = textOf(raw['cwlVersion'])?.replace(/^cwl:/, '');
    if (given === 'v1.0' || given === 'v1.1' || given === 'v1.2') return given;
    if (raw['cwlVersion'] === undefined && inherited) return inherited;
    const position = sources.position(raw, 'cwlVersion');
    if (raw['cwlVersion'] === undefined) report.error('cwlVersion', position, 'the document lacks cwlVersion (v1.0, v1.1 or v1.2)');
    else if (given !== undefined && /^(?:draft-|v\d)/.test(given)) {
      report.error('cwlVersion', position, `CWL ${given} is not supported, only v1.0, v1.1 and v1.2`, { code: 'unsupported' });
    } else report.error('cwlVersion', position, `expected v1.0, v1.1 or v1.2 as cwlVersion, found ${describeValue(raw['cwlVersion'])}`);
    return 'v1.2';
  };

  /** The processes of a document and their names, found once: a packed document may refer to itself thousands of times. */
  const contentsOf = (root: Raw): { members: Raw[]; named: ReadonlyMap<string, Raw> } => {
    const known = contents.get(root);
    if (known) return known;
    const found = { members: root['$graph'] === undefined ? [root] : graphMembers(root), named: new Map<string, Raw>() };
    for (const member of found.members) {
      for (const name of new Set(fragmentsOf(member['id']))) {
        if (found.named.has(name)) report.error('$graph', sources.position(member, 'id'), `two processes have the id "${name}"`);
        else found.named.set(name, member);
      }
    }
    contents.set(root, found);
    return found;
  };

  /** Types may stand in a graph too; they were taken up when it was opened. */
  const graphMembers = (root: Raw): Raw[] =>
    listOf(root['$graph']).flatMap((member, index) => {
      if (isRaw(member)) return member['class'] === undefined && typeof member['name'] === 'string' ? [] : [member];
      report.error(`$graph[${index}]`, sources.position(root, '$graph'), `expected a process, found ${describeValue(member)}`);
      return [];
    });

  /** `id`, else `id-2`, `id-3`: two files may hold a tool of the same name. */
  const uniqueName = (wanted: string): string => {
    let name = wanted;
    let count = counts.get(wanted) ?? 1;
    while (taken.has(name)) name = `${wanted}-${++count}`;
    counts.set(wanted, count);
    taken.add(name);
    return name;
  };

  const add = async (raw: Raw, home: Home, request: Request): Promise<string | undefined> => {
    const known = request.name === undefined ? ids.get(raw) : undefined;
    if (known !== undefined) return known;
    if (taken.size >= limits.processes) {
      report.error('', sources.position(raw), `more than ${limits.processes} processes`, { code: 'limit-exceeded' });
      return undefined;
    }
    const own = textOf(raw['id'])?.replace(/^.*#/s, '');
    const id = uniqueName(request.name ?? (own || (request.suggested ?? 'process')));
    if (request.name === undefined) ids.set(raw, id);
    const scope: Scope = { ...context, uri: home.uri, version: home.version, namespaces: home.namespaces };
    const process = await readProcess(scope, raw, id, request.isMain ? '' : id, resolveRun(id, home, request.chain));
    if (process) processes.set(id, process);
    return id;
  };

  const resolveRun =
    (parent: string, home: Home, chain: readonly string[]): ResolveRun =>
    async (scope, step, stepName, path) => {
      const { run } = step;
      const place = join(path, 'run');
      if (typeof run === 'string')
        return addReferenced(resolveFrom(scope, step, run), run, { path: place, position: sources.position(step, 'run'), chain });
      if (!isRaw(run)) return undefined;
      const uri = sources.uriOf(run) ?? home.uri;
      const inner: Home = { uri, version: readVersion(run, home.version), namespaces: { ...home.namespaces, ...readNamespaces(run) } };
      homes.set(run, inner);
      noteSchemas(run, uri);
      return add(run, inner, { name: `${parent}/${stepName}/run`, chain });
    };

  const addReferenced = async (
    address: string,
    written: string,
    from: { path: string; position: SourcePosition | undefined; chain: readonly string[] },
  ): Promise<string | undefined> => {
    const uri = withoutFragment(address);
    const loaded = await documents.load(uri, from);
    if (!loaded) return undefined;
    const { root } = loaded;
    if (!isRaw(root)) {
      report.error(from.path, from.position, `${uri} is no CWL document: it holds ${describeValue(root)}`);
      return undefined;
    }
    const fragment = fragmentOf(address) ?? '';
    const home = openDocument(root, uri);
    const { members, named } = contentsOf(root);
    const [only] = members;
    const found = fragment !== '' ? named.get(fragment) : members.length === 1 ? only : named.get('main');
    if (!found) {
      const names = members.flatMap((one) => (typeof one['id'] === 'string' ? [`#${one['id'].replace(/^.*#/s, '')}`] : []));
      const message = fragment === '' ? `${written} holds several processes` : `there is no process "${written}"`;
      report.error(from.path, from.position, `${message}: expected one of ${listNames(names)}`, didYouMean(`#${fragment}`, names));
      return undefined;
    }
    const suggested = fileNameOf(uri).replace(/\.[^.]*$/, '') || 'process';
    return add(found, home, { suggested, chain: [...from.chain, uri] });
  };

  return {
    openDocument,
    members: (root) => contentsOf(root).members,
    find: (root, fragment) => contentsOf(root).named.get(fragment),
    add,
    processes: () => Object.fromEntries([...processes].sort(([a], [b]) => (a < b ? -1 : 1))),
    namespaces: () => Object.assign({}, ...[...homes.values()].reverse().map((home) => home.namespaces)) as { [prefix: string]: string },
    schemas: () => [...schemas].map(([uri, position]) => ({ uri, position })),
  };
}
