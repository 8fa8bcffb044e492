import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { interpolated, isPathValue, type Json, type PathValue } from '@runnel/cwl';
import { checksumAndSize } from '@runnel/sandbox';

export interface Ref {
  '@id': string;
}
/** One entity of the graph. */
export type Entity = Ref & { '@type': string | string[]; [property: string]: unknown };

export interface ValuePlace {
  id: string;
  name: string;
  /** Address of the formal parameter that the value stands for. */
  parameter: string;
}

/** The graph of an RO-Crate and its data, which are kept once by content. */
export interface Crate {
  add(entity: Entity): Ref;
  /** A value of an input or output; files are copied into the crate. */
  value(value: Json, place: ValuePlace): Promise<Ref>;
  setRoot(properties: Record<string, unknown>, parts: Ref[], descriptorProfiles: string[]): void;
  document(): object;
}

export function createCrate(folder: string): Crate {
  const entities = new Map<string, Entity>();
  const data = new Set<string>();

  const add = (entity: Entity): Ref => {
    const known = entities.get(entity['@id']);
    entities.set(entity['@id'], known === undefined ? entity : merged(known, entity));
    return { '@id': entity['@id'] };
  };

  async function file(value: PathValue, place: ValuePlace): Promise<Ref> {
    const { location, contents } = value;
    const name = typeof value['basename'] === 'string' ? value['basename'] : place.name;
    const exampleOfWork = [{ '@id': place.parameter }];
    const source = typeof location === 'string' && location.startsWith('file:') ? fileURLToPath(location) : undefined;
    if (source === undefined || !existsSync(source)) {
      if (typeof location === 'string' && /^https?:/.test(location)) return add({ '@id': location, '@type': 'File', name, exampleOfWork });
      return add({
        '@id': place.id,
        '@type': 'PropertyValue',
        name: place.name,
        value: typeof contents === 'string' ? contents : name,
        exampleOfWork,
      });
    }
    const { checksum, size } = await checksumAndSize(source);
    const sha1 = checksum.replace('sha1$', '');
    const id = `data/${sha1}`;
    keep(source, id);
    return add({ '@id': id, '@type': 'File', name, alternateName: name, contentSize: String(size), sha1, exampleOfWork });
  }

  async function directory(value: PathValue, place: ValuePlace): Promise<Ref> {
    const { location } = value;
    const name = typeof value['basename'] === 'string' ? value['basename'] : place.name;
    const source = typeof location === 'string' && location.startsWith('file:') ? fileURLToPath(location) : undefined;
    const id = `${place.id.replace(/^#/, 'data/directories/')}/`;
    const parts: Ref[] = [];
    mkdirSync(join(folder, id), { recursive: true });
    const entries = source !== undefined && existsSync(source) ? readdirSync(source).sort() : [];
    for (const entry of entries) {
      const path = join(source ?? '', entry);
      if (statSync(path).isDirectory()) continue;
      const part = `${id}${entry}`;
      copyFileSync(path, join(folder, part), constants.COPYFILE_FICLONE);
      parts.push(add({ '@id': encodeURI(part), '@type': 'File', name: entry }));
      data.add(encodeURI(part));
    }
    data.add(id);
    return add({ '@id': id, '@type': 'Dataset', name, hasPart: parts, exampleOfWork: [{ '@id': place.parameter }] });
  }

  function keep(source: string, id: string): void {
    data.add(id);
    const path = join(folder, id);
    mkdirSync(join(folder, 'data'), { recursive: true });
    if (!existsSync(path)) copyFileSync(source, path, constants.COPYFILE_FICLONE);
  }

  async function value(given: Json, place: ValuePlace): Promise<Ref> {
    const exampleOfWork = [{ '@id': place.parameter }];
    if (isPathValue(given)) {
      const main = given.class === 'File' ? await file(given, place) : await directory(given, place);
      const { secondaryFiles } = given;
      if (!Array.isArray(secondaryFiles) || secondaryFiles.length === 0) return main;
      const parts = [main];
      for (const [index, one] of secondaryFiles.entries())
        if (isPathValue(one)) parts.push(await value(one, { ...place, id: `${place.id}/${index}` }));
      return add({ '@id': place.id, '@type': 'Collection', name: place.name, mainEntity: main, hasPart: parts, exampleOfWork });
    }
    if (Array.isArray(given) && given.some(isPathValue)) {
      const parts: Ref[] = [];
      for (const [index, one] of given.entries()) parts.push(await value(one, { ...place, id: `${place.id}/${index}` }));
      return add({ '@id': place.id, '@type': 'Collection', name: place.name, hasPart: parts, exampleOfWork });
    }
    const plain = Array.isArray(given) ? given.map(interpolated) : typeof given === 'object' ? interpolated(given) : given;
    return add({ '@id': place.id, '@type': 'PropertyValue', name: place.name, value: plain, exampleOfWork });
  }

  return {
    add,
    value,
    setRoot(properties, parts, descriptorProfiles) {
      const files = [...data].map((id) => ({ '@id': id }));
      add({ '@id': './', '@type': 'Dataset', ...properties, hasPart: [...parts, ...files] });
      add({
        '@id': 'ro-crate-metadata.json',
        '@type': 'CreativeWork',
        about: { '@id': './' },
        conformsTo: ['https://w3id.org/ro/crate/1.1', ...descriptorProfiles].map((id) => ({ '@id': id })),
      });
    },
    document: () => ({
      '@context': ['https://w3id.org/ro/crate/1.1/context', 'https://w3id.org/ro/terms/workflow-run/context'],
      '@graph': [...entities.values()],
    }),
  };
}

/** One file may stand for several parameters. */
function merged(known: Entity, again: Entity): Entity {
  const [before, after] = [known['exampleOfWork'], again['exampleOfWork']];
  if (!Array.isArray(before) || !Array.isArray(after)) return { ...known, ...again };
  const all = new Map([...(before as Ref[]), ...(after as Ref[])].map((one) => [one['@id'], one]));
  return { ...known, exampleOfWork: [...all.values()] };
}
