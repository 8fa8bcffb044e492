import type { Json, JsonObject } from '@runnel/cwl';
import { checkKey, mediaTypeOf } from '@runnel/objects';
import { createFreePlaces, type FreePlaces } from './free-places.ts';
import { keyOf, locationOf } from './locations.ts';
import { OutputsRefused } from './outputs-refused.ts';

/** One file to publish. */
export interface PlannedFile {
  output: string;
  /** Key of the object to copy, or the text of a file literal. */
  source: { key: string } | { contents: string };
  /** Key of the copy. */
  target: string;
  /** Its entry in the result document; what is not known yet of size and checksum is added when it is copied. */
  entry: JsonObject;
}

/** A Directory that is an output or part of one, with the files in it by their relative paths. */
export interface PlannedDirectory {
  output: string;
  files: Map<string, PlannedFile>;
}

export interface Publication {
  /** The outputs as the result document shows them. */
  outputs: JsonObject;
  files: PlannedFile[];
  /** Outermost directories of each output, in order. */
  directories: PlannedDirectory[];
}

/** The key of a run's result document. */
export function documentKey(workspace: string, run: string): string {
  return `${resultsPrefix(workspace, run)}results.json`;
}

/** Everything published of a run lies below. */
export function resultsPrefix(workspace: string, run: string): string {
  return `${workspace}/results/${run}/`;
}

/** Decides where the files of the outputs go. Throws OutputsRefused. */
export function planPublication(workspace: string, run: string, outputs: JsonObject): Publication {
  const planner: Planner = {
    prefix: resultsPrefix(workspace, run),
    places: createFreePlaces(['results.json']),
    publication: { outputs: {}, files: [], directories: [] },
  };
  for (const [output, value] of Object.entries(outputs)) planner.publication.outputs[output] = planValue(planner, output, value);
  return planner.publication;
}

interface Planner {
  prefix: string;
  places: FreePlaces;
  publication: Publication;
}

function planValue(planner: Planner, output: string, value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => planValue(planner, output, item));
  if (typeof value !== 'object' || value === null) return value;
  if (value['class'] !== 'File' && value['class'] !== 'Directory') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, planValue(planner, output, item)]));
  }
  const group = [value, ...secondaryFilesOf(value)];
  const names = group.map((member) => nameOf(output, member));
  if (new Set(names).size < names.length) throw new OutputsRefused(`output ${output} has two files of the name ${names[0]} side by side`);
  const folder = planner.places.take(output, names);
  return planEntry(planner, output, value, folder, undefined);
}

/** Places a File or Directory, with what belongs to it, in a folder that has room; `inside` is the outermost directory it is part of. */
function planEntry(planner: Planner, output: string, value: JsonObject, folder: string, inside: PlannedDirectory | undefined): JsonObject {
  const path = folder + nameOf(output, value);
  const placed = value['class'] === 'File' ? planFile(planner, output, value, path) : planDirectory(planner, output, value, path, inside);
  if (inside && value['class'] === 'File') {
    const file = planner.publication.files.at(-1);
    if (file) inside.files.set(path, file);
  }
  const secondaryFiles = secondaryFilesOf(value).map((member) => planEntry(planner, output, member, folder, inside));
  return secondaryFiles.length > 0 ? { ...placed, secondaryFiles } : placed;
}
