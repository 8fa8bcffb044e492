import { createHash } from 'node:crypto';
import { systemWorkspace } from '@runnel/contracts';
import { loadAndCheck, packDigestText } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import type { DeployedProcess, ProcessSummary, StoredDescription } from '../processes/find-process.ts';
import type { KnownProcesses } from '../processes/known-processes.ts';
import { packageKey } from '../processes/packages.ts';
import type { DescribedInput } from './described-inputs.ts';
import { echo } from './echo.ts';

/** A process that comes with this release: every workspace has it, nobody can change it. */
export interface BuiltIn {
  /** CWL. */
  readonly document: string;
  readonly description: StoredDescription & Shape;
  /** Callers without a token may use it where the administrator lets them. */
  readonly public: boolean;
}

interface Shape {
  readonly inputs: Readonly<Record<string, DescribedInput>>;
  readonly jobControlOptions: readonly string[];
}

/** A built-in as faces find it. */
interface Installed {
  readonly process: DeployedProcess;
  readonly description: string;
  /** What its description says of inputs, and how it can be executed. */
  readonly shape: Shape;
  readonly summary: ProcessSummary;
  readonly public: boolean;
}

export type BuiltIns = ReadonlyMap<string, Installed>;

const all = [echo];

/** Puts the packages of built-in processes where every service finds a package. Doing it again is doing it once: keys are digests. */
export async function installBuiltIns(objects: ObjectStore): Promise<BuiltIns> {
  const installed = await Promise.all(all.map((one) => install(objects, one)));
  return new Map(installed.map((one) => [one.process.id, one]));
}

async function install(objects: ObjectStore, { document, description, public: open }: BuiltIn): Promise<Installed> {
  const { id } = description;
  const { package: pkg, diagnostics } = await loadAndCheck('package:///built-in.cwl', () => Promise.resolve(document), {
    entry: 'first-workflow',
  });
  if (!pkg) throw new Error(`the built-in process ${id}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  const text = packDigestText(pkg);
  const digest = sha256(text);
  const sourceKey = `${systemWorkspace}/sources/${id}/${sha256(document)}`;
  // no crash point: nobody knows of it before this service answers, and the next start does it again.
  await objects.put(packageKey(systemWorkspace, digest), text, { contentType: 'application/json', derived: true });
  // no crash point: as above.
  await objects.put(sourceKey, document, { derived: true });
  const { inputs: _inputs, outputs: _outputs, ...summary } = description;
  return {
    process: { workspace: systemWorkspace, id, revision: 1, digest, entry: pkg.main, sourceKey, mediaType: 'application/cwl+yaml' },
    description: JSON.stringify(description),
    shape: description,
    summary: { id, text: JSON.stringify(summary) },
    public: open,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The processes of a workspace and the built-in ones, which every workspace has. */
export function withBuiltIns(known: KnownProcesses, builtIns: BuiltIns): KnownProcesses {
  return {
    ...known,
    find: async (workspace, id) => builtIns.get(id)?.process ?? known.find(workspace, id),
    description: async (workspace, id) => builtIns.get(id)?.description ?? known.description(workspace, id),
    list: async (workspace, after, limit, only) => {
      if (only) return known.list(workspace, after, limit, only);
      const own = await known.list(workspace, after, limit);
      const more = summariesOf(builtIns, after, () => true);
      return [...own.filter(({ id }) => !builtIns.has(id)), ...more].sort(byId).slice(0, limit);
    },
  };
}

/** Processes as one caller sees them. */
export type SeenProcesses = Pick<KnownProcesses, 'find' | 'description' | 'list' | 'page'>;

/** What a caller without a token sees of any workspace: the public built-in processes. */
export function publicProcesses(builtIns: BuiltIns): SeenProcesses {
  const found = (id: string): Installed | undefined => {
    const one = builtIns.get(id);
    return one?.public === true ? one : undefined;
  };
  return {
    find: (_workspace, id) => Promise.resolve(found(id)?.process),
    description: (_workspace, id) => Promise.resolve(found(id)?.description),
    list: (_workspace, after, limit) => Promise.resolve(summariesOf(builtIns, after, (one) => one.public).slice(0, limit)),
    page: (_workspace, _name, make) => make(),
  };
}

function summariesOf(builtIns: BuiltIns, after: string, which: (one: Installed) => boolean): ProcessSummary[] {
  return [...builtIns.values()]
    .filter((one) => which(one) && one.process.id > after)
    .map(({ summary }) => summary)
    .sort(byId);
}

const byId = (a: ProcessSummary, b: ProcessSummary): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
