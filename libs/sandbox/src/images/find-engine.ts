import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findProgram } from '../spawn/programs.ts';
import type { ContainerEngine, ContainerEngineName } from './container-command.ts';

const run = promisify(execFile);

/** Succeeds where the engine can really run something: docker's program is often there without its daemon. */
const probes: [ContainerEngineName, string[]][] = [
  ['docker', ['version', '--format', '{{.Server.Version}}']],
  ['podman', ['info']],
  ['apptainer', ['--version']],
  ['singularity', ['--version']],
  ['udocker', ['version']],
];

/** The first container engine that works on this machine, or the one that is asked for. */
export async function findContainerEngine(wanted?: ContainerEngineName): Promise<ContainerEngine | undefined> {
  for (const [name, args] of probes) {
    if (wanted !== undefined && wanted !== name) continue;
    const program = findProgram(name);
    if (program === undefined || !(await succeeds(program, args))) continue;
    return { name, program, env: engineEnvironment(process.env) };
  }
  return undefined;
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    await run(program, args, { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

function engineEnvironment(all: NodeJS.ProcessEnv): { [name: string]: string } {
  const wanted =
    /^(?:PATH|HOME|USER|LANG|XDG_.*|DOCKER_.*|CONTAINER_.*|CONTAINERS_.*|SINGULARITY_.*|APPTAINER_.*|UDOCKER_.*|.*_PROXY|.*_proxy)$/;
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value !== undefined && wanted.test(name) ? [[name, value]] : [])),
  );
}
