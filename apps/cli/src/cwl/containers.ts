import { requirement, requirementsInForce, type CwlPackage, type RequirementLevel } from '@runnel/cwl';
import {
  builtImages,
  findContainerEngine,
  noImages,
  normaliseImage,
  readImages,
  type ContainerEngine,
  type ContainerEngineName,
  type LocalImages,
} from '@runnel/sandbox';

import { CwlFault, UNSUPPORTED } from './fault.ts';

export interface ContainerOptions {
  containers: boolean;
  images?: string;
  engine?: ContainerEngineName;
  defaultContainer?: string;
}

/** What runs the containers of a package on this machine. */
export interface Containers {
  images: LocalImages;
  engine?: ContainerEngine;
  defaultImage?: string;
  /** A local root file system is entered. */
  enters: boolean;
}

/**
 * Images that a file names come first; then a container engine, where one works; then the images of `make rootfs`. Throws CwlFault where a tool
 * must run in a container and nothing stands for its image.
 */
export async function findContainers(pkg: CwlPackage, options: ContainerOptions, note: (text: string) => void): Promise<Containers> {
  const wanted = wantedImages(pkg, options.defaultContainer);
  if (!options.containers) {
    note('containers: none (--no-container): tools run with the programs of this machine');
    refuseMissing(wanted, noImages, undefined, 'and --no-container is given');
    return { images: noImages, enters: false };
  }
  const named = options.images === undefined ? noImages : readImages(options.images);
  const missing = wanted.some(({ image }) => image === undefined || !named.has(normaliseImage(image)));
  const engine = missing ? await findContainerEngine(options.engine) : undefined;
  if (engine === undefined && options.engine !== undefined && missing)
    throw new CwlFault(`--${options.engine}: it does not work on this machine`, UNSUPPORTED);
  const built = engine === undefined ? builtImages() : undefined;
  const images: LocalImages = new Map([...(built === undefined ? [] : readImages(built)), ...named]);
  refuseMissing(wanted, images, engine, 'and neither a container engine nor a local image is there (make rootfs, --images FILE)');
  const enters = wanted.some(({ image }) => image !== undefined && images.get(normaliseImage(image))?.root !== undefined);
  note(`containers: ${describe(engine, enters)}`);
  return {
    images,
    ...(engine && { engine }),
    ...(options.defaultContainer !== undefined && { defaultImage: options.defaultContainer }),
    enters,
  };
}

function describe(engine: ContainerEngine | undefined, enters: boolean): string {
  const local = enters ? ['local root file systems in namespaces of their own'] : [];
  return [...(engine === undefined ? [] : [engine.name]), ...local].join(', ') || 'none: the programs of this machine stand for images';
}

interface WantedImage {
  process: string;
  image?: string;
  mandatory: boolean;
}

function wantedImages(pkg: CwlPackage, defaultImage: string | undefined): WantedImage[] {
  const found: WantedImage[] = [];
  const visit = (id: string, outer: RequirementLevel[], open: ReadonlySet<string>): void => {
    const process = pkg.processes[id];
    if (process === undefined || open.has(id)) return;
    const levels = [process, ...outer];
    if (process.class === 'Workflow') for (const step of process.steps) visit(step.run, [step, ...levels], new Set([...open, id]));
    if (process.class !== 'CommandLineTool') return;
    const docker = requirement(requirementsInForce(...levels), 'DockerRequirement');
    if (docker !== undefined)
      found.push({ process: id, mandatory: docker.mandatory, ...(docker.image !== undefined && { image: docker.image }) });
    else if (defaultImage !== undefined) found.push({ process: id, mandatory: true, image: defaultImage });
  };
  visit(pkg.main, [], new Set());
  return found;
}

function refuseMissing(wanted: WantedImage[], images: LocalImages, engine: ContainerEngine | undefined, reason: string): void {
  for (const { process, image, mandatory } of wanted) {
    if (!mandatory || (image !== undefined && (engine !== undefined || images.has(normaliseImage(image))))) continue;
    throw new CwlFault(
      `${process} requires the container image ${image ?? '(dockerFile, dockerLoad or dockerImport)'}, ${reason}`,
      UNSUPPORTED,
    );
  }
}
