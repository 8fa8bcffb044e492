import type { DockerRequirement } from '@runnel/cwl';

import type { ContainerEngine } from '../images/container-command.ts';
import { normaliseImage, type LocalImages } from '../images/local-images.ts';
import type { LocalImage } from '../types.ts';
import { StepFault } from './failures.ts';

/** Where a step's command runs: `programs` are a folder of this machine that stands for an image; the last two have a file system of their own. */
export type Container =
  | { kind: 'host' }
  | { kind: 'programs'; image: LocalImage }
  | { kind: 'root'; image: LocalImage & { root: string } }
  | { kind: 'engine'; engine: ContainerEngine; image: string };

export interface ContainerChoices {
  images: LocalImages;
  engine?: ContainerEngine;
  /** Image of tools that name none. */
  defaultImage?: string;
  chooseImage?: (image: string) => string;
  warn: (text: string) => void;
  canEnterRoot: boolean;
}

/** Finds what stands for the image of a step. A hint for an unknown one is passed over with a warning, a requirement is a fault. */
export function chooseContainer(asked: (DockerRequirement & { mandatory: boolean }) | undefined, choices: ContainerChoices): Container {
  const named = asked ?? (choices.defaultImage === undefined ? undefined : { image: choices.defaultImage, mandatory: true });
  if (named === undefined) return { kind: 'host' };
  const wanted = named.image === undefined || !choices.chooseImage ? named : { ...named, image: choices.chooseImage(named.image) };
  const local = wanted.image === undefined ? undefined : choices.images.get(normaliseImage(wanted.image));
  if (local !== undefined) return localContainer(local, wanted.image ?? '', choices.canEnterRoot);
  if (choices.engine !== undefined && wanted.image !== undefined) return { kind: 'engine', engine: choices.engine, image: wanted.image };
  const reason = `no local image stands for ${wanted.image ?? 'its DockerRequirement'}`;
  if (wanted.mandatory) throw new StepFault('image', `${reason}; name one in images.json`);
  choices.warn(`${reason}: it runs with the programs of this machine`);
  return { kind: 'host' };
}

function localContainer(image: LocalImage, reference: string, canEnterRoot: boolean): Container {
  const { root } = image;
  if (root === undefined) return { kind: 'programs', image };
  if (!canEnterRoot)
    throw new StepFault('image', `the image ${reference} is a root file system, which cannot be entered without isolation`);
  return { kind: 'root', image: { ...image, root } };
}

/** Has the container a file system in which anything can stand anywhere (dockerOutputDirectory, absolute entrynames)? */
export function hasOwnFiles(container: Container): boolean {
  return container.kind === 'root' || container.kind === 'engine';
}
