import { applyPattern, hasExpression, isFile, isObject, listedPrefix } from '@runnel/cwl';
import type { CwlType, FileValue, Json, JsonObject, PathValue, Process, SecondaryFile } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import { scheme } from './addresses.ts';
import { listFolder } from './list-folder.ts';

/** Folders of a workspace in which files lie beside one another under names of their own. */
const named = /^[^/]+\/(?:files|results)\//;

/**
 * Adds to the files of inputs the secondary files that lie beside them in the workspace (WorkflowParameter.secondaryFiles, by pattern): who may
 * read one file of a workspace may read those beside it. What is missing, or named by an expression, is for the step to say.
 */
export async function withSecondaryFiles(
  objects: ObjectStore,
  { inputs }: Pick<Process, 'inputs'>,
  values: JsonObject,
): Promise<JsonObject> {
  const completed: JsonObject = { ...values };
  for (const { id, type, secondaryFiles = [] } of inputs) completed[id] = await complete(values[id] ?? null, type, secondaryFiles);
  return completed;

  async function complete(value: Json, type: CwlType, declared: readonly SecondaryFile[]): Promise<Json> {
    if (isFile(value)) return declared.length === 0 ? value : withSiblings(objects, value, declared);
    if (Array.isArray(value)) return inOrder(value, (item) => complete(item, itemsOf(type), declared));
    if (!isObject(value)) return value;
    const filled: JsonObject = { ...value };
    for (const { name, type: inner, secondaryFiles = [] } of fieldsOf(type)) {
      if (filled[name] !== undefined) filled[name] = await complete(filled[name], inner, secondaryFiles);
    }
    return filled;
  }
}

async function withSiblings(objects: ObjectStore, file: FileValue, declared: readonly SecondaryFile[]): Promise<FileValue> {
  const { location, basename } = file;
  const key = typeof location === 'string' && location.startsWith(scheme) ? location.slice(scheme.length) : '';
  if (!named.test(key) || typeof basename !== 'string') return file;
  const present = Array.isArray(file['secondaryFiles']) ? [...file['secondaryFiles']] : [];
  for (const { pattern } of declared) {
    if (hasExpression(pattern)) continue;
    const name = applyPattern(basename, pattern);
    if (name.includes('/') || present.some((one) => isObject(one) && one['basename'] === name)) continue;
    const sibling = await siblingAt(objects, key.slice(0, key.lastIndexOf('/') + 1) + name, name);
    if (sibling) present.push(sibling);
  }
  return present.length === 0 ? file : { ...file, secondaryFiles: present };
}

async function siblingAt(objects: ObjectStore, key: string, basename: string): Promise<PathValue | undefined> {
  const info = await objects.head(key);
  if (info) return { class: 'File', location: scheme + key, basename, size: info.size };
  const listing = await listFolder(objects, key);
  return typeof listing === 'string' ? undefined : { class: 'Directory', location: listedPrefix + key, basename, listing };
}

const membersOf = (type: CwlType): readonly CwlType[] => (Array.isArray(type) ? type.flatMap(membersOf) : [type]);

function itemsOf(type: CwlType): CwlType {
  return membersOf(type).flatMap((one) => (typeof one === 'object' && 'items' in one ? [one.items] : []));
}

function fieldsOf(type: CwlType) {
  return membersOf(type).flatMap((one) => (typeof one === 'object' && 'fields' in one ? one.fields : []));
}

async function inOrder<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const mapped: R[] = [];
  for (const item of items) mapped.push(await map(item));
  return mapped;
}
