import type { Json, JsonObject } from '@runnel/cwl';
import { checkKey, mediaTypeOf, resultsPrefix } from '@runnel/objects';
import { createFreePlaces, type FreePlaces } from './free-places.ts';
import { keyOf, locationOf } from './locations.ts';
import { OutputsRefused } from './outputs-refused.ts';

/** One file to publish. */
export interface PlannedFile {
  output: string;
  /** Key of the object to copy, or the text of a file literal. */
  source: { key: string } | { contents: string };
  /** As the user knows it. */
  name: string;
  /** Key of the copy. */
  target: string;
  /** Its entry in the result document; what is not known yet of size and checksum is added when it is copied. */
  entry: JsonObject;
}

/** A Directory that is an output or stands in one (in a list or record), with all files below it by their paths in it. */
export interface PlannedDirectory {
  output: string;
  /** Below the run's results. */
  path: string;
  files: Map<string, PlannedFile>;
}

export interface Publication {
  /** The outputs as the result document shows them. */
  outputs: JsonObject;
  files: PlannedFile[];
  directories: PlannedDirectory[];
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
  return planEntry(planner, { output, folder: planner.places.take(output, names) }, value);
}

/** A folder (`''` or ending with a slash) in which there is room, and the outermost directory it lies in. */
interface Place {
  output: string;
  folder: string;
  directory?: PlannedDirectory;
}

function planEntry(planner: Planner, place: Place, value: JsonObject): JsonObject {
  const path = place.folder + nameOf(place.output, value);
  const entry = value['class'] === 'File' ? planFile(planner, place, path, value) : planDirectory(planner, place, path, value);
  const secondaryFiles = secondaryFilesOf(value).map((member) => planEntry(planner, place, member));
  if (secondaryFiles.length > 0) entry['secondaryFiles'] = secondaryFiles;
  return entry;
}

function planFile(planner: Planner, { output, directory }: Place, path: string, value: JsonObject): JsonObject {
  const target = planner.prefix + path;
  const name = nameOf(output, value);
  checkTarget(output, target);
  const { size, checksum, format } = value;
  const entry: JsonObject = {
    class: 'File',
    location: locationOf(target),
    basename: name,
    mediaType: mediaTypeIn(format) ?? mediaTypeOf(path),
    ...(typeof size === 'number' ? { size } : {}),
    ...(typeof checksum === 'string' ? { checksum } : {}),
    ...(typeof format === 'string' ? { format } : {}),
  };
  const file = { output, name, source: sourceOf(output, value), target, entry };
  planner.publication.files.push(file);
  directory?.files.set(path.slice(directory.path.length + 1), file);
  return entry;
}

function planDirectory(planner: Planner, place: Place, path: string, value: JsonObject): JsonObject {
  checkTarget(place.output, planner.prefix + path);
  const directory = place.directory ?? { output: place.output, path, files: new Map<string, PlannedFile>() };
  if (!place.directory) planner.publication.directories.push(directory);
  const listing = (Array.isArray(value['listing']) ? value['listing'] : []) as JsonObject[];
  const names = listing.flatMap((member) => [member, ...secondaryFilesOf(member)]).map((member) => nameOf(place.output, member));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new OutputsRefused(`output ${place.output} has two entries ${twice} in the directory ${path}`);
  const entries = listing.map((member) => planEntry(planner, { output: place.output, folder: `${path}/`, directory }, member));
  return { class: 'Directory', location: locationOf(`${planner.prefix}${path}/`), basename: nameOf(place.output, value), listing: entries };
}

function sourceOf(output: string, value: JsonObject): PlannedFile['source'] {
  const key = typeof value['location'] === 'string' ? keyOf(value['location']) : undefined;
  if (key !== undefined) return { key };
  if (typeof value['contents'] === 'string') return { contents: value['contents'] };
  throw new OutputsRefused(`output ${output} has a file without content: ${nameOf(output, value)}`);
}

/** CWL wants a basename in every output; a name that is a path would leave the run's folder. */
function nameOf(output: string, value: JsonObject): string {
  const name = value['basename'];
  if (typeof name !== 'string' || name === '')
    throw new OutputsRefused(`output ${output} has a ${value['class'] === 'File' ? 'file' : 'directory'} without a name`);
  if (name.includes('/') || name === '.' || name === '..')
    throw new OutputsRefused(`output ${output} has a file whose name is a path: ${name}`);
  return name;
}

function checkTarget(output: string, target: string): void {
  try {
    checkKey(target);
  } catch (error) {
    throw new OutputsRefused(
      `output ${output} has a file that cannot be stored: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function secondaryFilesOf(value: JsonObject): JsonObject[] {
  return (Array.isArray(value['secondaryFiles']) ? value['secondaryFiles'] : []) as JsonObject[];
}

/** A format that is a media type by its IRI at IANA. */
function mediaTypeIn(format: Json | undefined): string | undefined {
  return typeof format === 'string'
    ? /^https?:\/\/www\.iana\.org\/assignments\/media-types\/([\w.+-]+\/[\w.+-]+)$/.exec(format)?.[1]
    : undefined;
}
