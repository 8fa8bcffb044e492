import { createHash } from 'node:crypto';
import {
  collectOutputs,
  exitMeaning,
  isFile,
  isLiteral,
  mapPathValues,
  splitName,
  visitPathValues,
  type DirectoryValue,
  type FileValue,
  type Json,
  type JsonObject,
  type PathValue,
} from '@runnel/cwl';
import type { CollectRequest, CollectResponse } from '@runnel/kube-pod';
import type { ObjectStore } from '@runnel/objects';
import { describeFault, listed, StepFault, type StepFailure } from '@runnel/sandbox';
import { listedFiles, NeedsContents, NeedsUpload, type ListedFiles } from './listed-files.ts';
import { locationOf } from '../steps/object-files.ts';
import type { PreparedStep } from './prepare-step.ts';

/** What became of a tool, as its uploader reported it; stored before the uploader may end. */
export interface CollectedStep {
  exit?: CollectRequest['exit'];
  outputs: JsonObject;
  failure?: StepFailure;
  outputBytes: number;
}

/** Answers one call of an uploader: what it has to read or to send, or what the outputs are. */
export async function collectStep(
  prepared: PreparedStep,
  call: CollectRequest,
  store: ObjectStore,
): Promise<Exclude<CollectResponse, { next: 'done' }> | { next: 'done'; collected: CollectedStep }> {
  const { exit } = call;
  const none = { ...(exit !== undefined && { exit }), outputs: {}, outputBytes: 0 };
  if (exit === undefined || exitMeaning(exit.exitCode, prepared.command) !== 'success') return { next: 'done', collected: none };
  const files = listedFiles(call, { outdir: prepared.outdir, entries: prepared.stage.entries, store });
  const name = prepared.request.step;
  // Stored as it is, before anybody else hides what it tells of the inputs.
  const failed = ({ reason, ...failure }: StepFailure): { next: 'done'; collected: CollectedStep } => ({
    next: 'done',
    collected: { ...none, failure: { ...failure, reason: prepared.concealment.hide(reason) } },
  });
  try {
    const { tool, runtime, requirements, evaluator, command } = prepared;
    const { inputs } = command;
    const readable = stagedPlaces(prepared);
    const found = await collectOutputs(tool, { runtime, exitCode: exit.exitCode, inputs, requirements, evaluator, files, readable });
    if ('failure' in found) return failed({ ...found.failure, reason: `${name}: ${found.failure.reason}` });
    const taken = new Taker(prepared, call, files, store);
    const outputs = prepared.secrets.conceal(await taken.all(found.outputs));
    if (taken.missing.size > 0) throw new NeedsUpload([...taken.missing]);
    return { next: 'done', collected: { ...none, outputs, outputBytes: taken.bytes } };
  } catch (error) {
    if (error instanceof NeedsContents) return { next: 'read', files: [{ path: error.path, maxBytes: error.maxBytes }] };
    if (error instanceof NeedsUpload) return { next: 'upload', files: error.paths };
    return failed(describeFault(name, error, 'outputs'));
  }
}

/** Where links that the tool left may lead. */
function stagedPlaces({ command, stage }: PreparedStep): string[] {
  const places = stage.entries.map(({ target }) => target);
  visitPathValues(command.inputs, ({ path }) => typeof path === 'string' && places.push(path));
  return places;
}

/** Gives every file of an output object its place in the store, and remembers what is not there yet. */
class Taker {
  readonly missing = new Set<string>();
  bytes = 0;
  readonly #counted = new Set<string>();

  constructor(
    private readonly prepared: PreparedStep,
    private readonly call: CollectRequest,
    private readonly files: ListedFiles,
    private readonly store: ObjectStore,
  ) {}

  async all(outputs: JsonObject): Promise<JsonObject> {
    const taken: JsonObject = {};
    for (const [id, value] of Object.entries(outputs)) taken[id] = await this.#value(value);
    return taken;
  }

  async #value(value: Json): Promise<Json> {
    const found: PathValue[] = [];
    mapPathValues(value, (one) => {
      found.push(one);
      return null;
    });
    const replaced = new Map<PathValue, PathValue>();
    for (const one of found) replaced.set(one, await this.#pathValue(one));
    return mapPathValues(value, (one) => replaced.get(one) ?? one);
  }

  async #pathValue(value: PathValue): Promise<PathValue> {
    const taken = isFile(value) ? await this.#file(value) : await this.#directory(value);
    const secondary = value['secondaryFiles'];
    if (!Array.isArray(secondary) || secondary.length === 0) return taken;
    return { ...taken, secondaryFiles: await this.#list(secondary) };
  }

  async #list(values: Json[]): Promise<Json[]> {
    const taken: Json[] = [];
    for (const value of values) taken.push(await this.#value(value));
    return taken;
  }

  async #file(value: FileValue): Promise<FileValue> {
    const { path, dirname: _dirname, contents, ...fields } = value;
    if (typeof path === 'string') return { ...fields, ...(await this.#kept(path)) };
    if (!isLiteral(value) || typeof contents !== 'string') return fields;
    const basename = typeof fields['basename'] === 'string' ? fields['basename'] : 'literal';
    return { ...fields, basename, ...splitName(basename), ...(await this.#literal(contents)) };
  }

  async #directory(value: DirectoryValue): Promise<DirectoryValue> {
    const { path, dirname: _dirname, listing, ...fields } = value;
    if (typeof path === 'string') return { ...fields, ...listed(await this.#folder(path, 0)) };
    return Array.isArray(listing) && isLiteral(value) ? { ...fields, listing: await this.#list(listing) } : fields;
  }

  async #folder(folder: string, depth: number): Promise<PathValue[]> {
    if (depth > 100) throw new StepFault('outputs', `${folder} is nested too deeply, or leads to itself`);
    const listing: PathValue[] = [];
    for (const { name: basename, type, path } of this.files.below(folder)) {
      if (type === 'directory') listing.push({ class: 'Directory', basename, ...listed(await this.#folder(path, depth + 1)) });
      else listing.push({ class: 'File', basename, ...splitName(basename), ...(await this.#kept(path)) });
    }
    return listing;
  }

  async #kept(path: string): Promise<JsonObject> {
    const end = this.files.end(path);
    if (end === undefined) throw new StepFault('outputs', `${path} leads to nothing that could be kept`);
    if ('key' in end) return { location: locationOf(end.key) };
    const fault = this.call.listing.find((entry) => entry.path === end.listed)?.fault;
    if (fault !== undefined) throw new StepFault('outputs', `${end.listed}: ${fault}`);
    const kept = this.call.uploaded[end.listed];
    if (kept === undefined) {
      this.missing.add(end.listed);
      return {};
    }
    if (!this.#counted.has(end.listed)) this.bytes += kept.size;
    this.#counted.add(end.listed);
    return { location: this.#address(kept.sha256), checksum: `sha1$${kept.sha1}`, size: kept.size };
  }

  async #literal(contents: string): Promise<JsonObject> {
    const body = Buffer.from(contents);
    const sha256 = createHash('sha256').update(body).digest('hex');
    // no crash point: the uploader asks again, and the same literal has the same address
    await this.store.put(`${this.prepared.request.workspace}/objects/${sha256}`, body, { derived: true });
    const checksum = `sha1$${createHash('sha1').update(body).digest('hex')}`;
    return { location: this.#address(sha256), checksum, size: body.length };
  }

  #address(sha256: string): string {
    return locationOf(`${this.prepared.request.workspace}/objects/${sha256}`);
  }
}
