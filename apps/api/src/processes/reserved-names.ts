import type { CwlPackage, Diagnostic } from '@runnel/cwl';

/** What stands beside the logs of steps under these names is ours: staging works with the caller's rights, a step must not pass for it. */
const steps = /^node_stage_(in|out)/;
const inputs = ['STAGE_AWS_ACCESS_KEY_ID', 'STAGE_AWS_SECRET_ACCESS_KEY', 'STAGE_AWS_SESSION_TOKEN', 'CALLING_WORKSPACE_ACCESS_TOKEN'];

/** Faults of a package whose main process uses names that the service keeps to itself (contract of the EODH face, section 1.5). */
export function reservedNames({ processes, main }: CwlPackage): Diagnostic[] {
  const process = processes[main];
  if (!process) return [];
  const taken = 'steps' in process ? process.steps.map(({ id }) => id).filter((id) => steps.test(id)) : [];
  return [
    ...taken.map((id) =>
      fault(`steps.${id}`, `no step may be called "${id}": names that begin with node_stage_in and node_stage_out are reserved`),
    ),
    ...process.inputs
      .filter(({ id }) => inputs.includes(id))
      .map(({ id }) => fault(`inputs.${id}`, `no input may be called "${id}": the name is reserved`)),
  ];
}

const fault = (path: string, message: string): Diagnostic => ({ severity: 'error', path, message });
