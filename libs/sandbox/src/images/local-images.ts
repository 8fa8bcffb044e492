import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import type { LocalImage } from '../types.ts';

export class ImagesError extends Error {
  override name = 'ImagesError';
}

/** Images by normalised reference. */
export type LocalImages = ReadonlyMap<string, LocalImage>;

export const noImages: LocalImages = new Map();

/** The images that `make rootfs` built for this user; undefined where there are none. */
export function builtImages(): string | undefined {
  const path = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel/images/images.json');
  return existsSync(path) ? path : undefined;
}

/** One spelling for `debian`, `debian:latest`, `library/debian` and `docker.io/library/debian:latest`; digests are kept. */
export function normaliseImage(reference: string): string {
  const [, name = '', suffix] = /^(.+?)((?::[^/@]+)?(?:@.+)?)$/.exec(reference.trim()) ?? [];
  const parts = name.split('/');
  const first = parts[0] ?? '';
  const hasRegistry = parts.length > 1 && (first.includes('.') || first.includes(':') || first === 'localhost');
  const registry = hasRegistry ? (parts.shift() ?? '') : 'docker.io';
  const host = registry === 'index.docker.io' ? 'docker.io' : registry;
  if (host === 'docker.io' && parts.length === 1) parts.unshift('library');
  return `${host}/${parts.join('/')}${suffix === undefined || suffix === '' ? ':latest' : suffix}`;
}

/** Reads `images.json`; its paths are relative to the file. Throws ImagesError that says what is wrong. */
export function readImages(path: string): LocalImages {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ImagesError(`${path} could not be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(parsed)) throw new ImagesError(`${path} must hold an object: image reference → {root | bin, entrypoint, env}`);
  return new Map(Object.entries(parsed).map(([reference, image]) => [normaliseImage(reference), checkImage(reference, image, path)]));
}

/** The folders in which these images live. */
export function imageFolders(images: LocalImages): string[] {
  return [...images.values()].flatMap(({ root, bin, needs = [] }) => [
    ...(root === undefined ? [] : [root]),
    ...(bin === undefined ? [] : [bin]),
    ...needs,
  ]);
}

function checkImage(reference: string, image: unknown, path: string): LocalImage {
  const fail = (reason: string): never => {
    throw new ImagesError(`${path}: ${reference}: ${reason}`);
  };
  if (!isRecord(image)) return fail('must be an object with root or bin');
  const { root, bin, needs, entrypoint, env } = image;
  const folder = (value: unknown, name: string): string | undefined => {
    if (value === undefined) return undefined;
    const found = typeof value === 'string' ? resolve(dirname(path), value) : fail(`${name} must be a path`);
    return statSync(found, { throwIfNoEntry: false })?.isDirectory() ? found : fail(`${name}: ${found} is no folder`);
  };
  const rootFolder = folder(root, 'root');
  const binFolder = folder(bin, 'bin');
  if ((rootFolder === undefined) === (binFolder === undefined)) fail('needs either root or bin');
  if (needs !== undefined && !Array.isArray(needs)) fail('needs must be a list of folders');
  const neededFolders = ((needs ?? []) as unknown[]).flatMap((one, index) => folder(one, `needs[${index}]`) ?? []);
  if (entrypoint !== undefined && !(Array.isArray(entrypoint) && entrypoint.every((word) => typeof word === 'string')))
    fail('entrypoint must be a list of words');
  if (env !== undefined && !(isRecord(env) && Object.values(env).every((value) => typeof value === 'string')))
    fail('env must map names to texts');
  return {
    ...(rootFolder === undefined ? {} : { root: rootFolder }),
    ...(binFolder === undefined ? {} : { bin: binFolder }),
    ...(neededFolders.length === 0 ? {} : { needs: neededFolders }),
    ...(entrypoint === undefined ? {} : { entrypoint: entrypoint as string[] }),
    ...(env === undefined ? {} : { env: env as Record<string, string> }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
