import type { Command } from '@runnel/cwl';

import { normaliseImage, type LocalImages } from '../images/local-images.ts';
import type { LocalImage } from '../types.ts';
import { StepFault } from './failures.ts';

const imagePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a local image changes about a command. */
export interface ChosenImage {
  argv: string[];
  env: { [name: string]: string };
  root?: string;
}

/** Finds the local image of a step. A hint for an unknown one is passed over with a warning, a requirement is a fault. */
export function chooseImage(
  command: Command,
  options: { images: LocalImages; path: string; warn: (text: string) => void; canEnterRoot: boolean },
): ChosenImage {
  const plain: ChosenImage = { argv: command.argv, env: { PATH: options.path, ...command.env } };
  const { image } = command;
  if (image === undefined) return plain;
  const local = image.image === undefined ? undefined : options.images.get(normaliseImage(image.image));
  if (local === undefined) {
    const reason = `no local image stands for ${image.image ?? 'its DockerRequirement'}`;
    if (image.mandatory) throw new StepFault('image', `${reason}; name one in images.json`);
    options.warn(`${reason}: it runs with the programs of this machine`);
    return plain;
  }
  if (local.root !== undefined && !options.canEnterRoot) {
    throw new StepFault('image', `the image ${image.image ?? ''} is a root file system, which cannot be entered without isolation`);
  }
  return applyImage(plain, local, options.path);
}

function applyImage(plain: ChosenImage, image: LocalImage, path: string): ChosenImage {
  const argv = [...(image.entrypoint ?? []), ...plain.argv];
  if (image.root !== undefined) return { argv, env: { ...plain.env, PATH: imagePath, ...image.env }, root: image.root };
  return { argv, env: { ...plain.env, PATH: `${image.bin}:${path}`, ...image.env } };
}
