import { requirement, requirementsInForce, type CwlPackage, type Requirement, type RequirementLevel } from '@runnel/cwl';
import { normaliseImage, type LocalImages } from '@runnel/sandbox';

import { CwlFault, UNSUPPORTED } from './fault.ts';

/** Refuses, before anything runs, what this machine cannot carry out: abstract operations, and containers that no local image stands for. */
export function refuseUnsupported(pkg: CwlPackage, entry: string, images: LocalImages): void {
  visit(pkg, entry, [], images, new Set());
}

function visit(pkg: CwlPackage, id: string, outer: RequirementLevel[], images: LocalImages, open: Set<string>): void {
  const process = pkg.processes[id];
  if (process === undefined || open.has(id)) return;
  const levels = [process, ...outer];
  if (process.class === 'Operation')
    throw new CwlFault(`${id} is an Operation: it says what a step takes and gives, but not how to run it`, UNSUPPORTED);
  if (process.class === 'Workflow') {
    for (const step of process.steps) visit(pkg, step.run, [step, ...levels], images, new Set([...open, id]));
  }
  if (process.class === 'CommandLineTool') refuseImage(id, levels, images);
}

function refuseImage(
  id: string,
  levels: { requirements: Requirement[] | readonly Requirement[]; hints: Requirement[] | readonly Requirement[] }[],
  images: LocalImages,
): void {
  const docker = requirement(requirementsInForce(...levels), 'DockerRequirement');
  if (docker?.mandatory !== true || (docker.image !== undefined && images.has(normaliseImage(docker.image)))) return;
  throw new CwlFault(
    `${id} requires the container image ${docker.image ?? '(dockerFile, dockerLoad or dockerImport)'}, and no local image stands for it (--images FILE)`,
    UNSUPPORTED,
  );
}
