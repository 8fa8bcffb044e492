import type { CwlPackage, Requirement } from '@runnel/cwl';

import { CwlFault, UNSUPPORTED } from './fault.ts';

/** Refuses abstract operations before anything runs. */
export function refuseUnsupported(pkg: CwlPackage, id: string, open: ReadonlySet<string> = new Set()): void {
  const process = pkg.processes[id];
  if (process === undefined || open.has(id)) return;
  if (process.class === 'Operation')
    throw new CwlFault(`${id} is an Operation: it says what a step takes and gives, but not how to run it`, UNSUPPORTED);
  if (process.class === 'Workflow') for (const step of process.steps) refuseUnsupported(pkg, step.run, new Set([...open, id]));
}

/** Does any tool name an image? Cheap, for most documents do not. */
export function wantsContainers(pkg: CwlPackage): boolean {
  return mentions(pkg, (one) => one.class.endsWith('DockerRequirement'));
}

/** Has any input a value that nobody may see (cwltool:Secrets)? */
export function hasSecrets(pkg: CwlPackage): boolean {
  return mentions(pkg, (one) => one.class === 'Secrets');
}

function mentions(pkg: CwlPackage, is: (one: Requirement) => boolean): boolean {
  return Object.values(pkg.processes).some(
    (one) =>
      one.requirements.some(is) ||
      one.hints.some(is) ||
      (one.class === 'Workflow' && one.steps.some((step) => step.requirements.some(is) || step.hints.some(is))),
  );
}
