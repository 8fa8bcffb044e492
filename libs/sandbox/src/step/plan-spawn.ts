import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import type { Command, ResourceRequest } from '@runnel/cwl';

import { containerCommand, containerRemoval } from '../images/container-command.ts';
import type { SpawnRequest, StepLimits } from '../types.ts';
import type { Folders } from './attempt-folders.ts';
import type { Container } from './choose-container.ts';
import { hostPath } from './local-files.ts';
import type { Preparation } from './prepare.ts';

export type ToolLimits = Pick<SpawnRequest, 'timeLimit' | 'memoryLimitMiB' | 'outputLimitBytes'>;

/** What the tool asks for within what is allowed. */
export function limitsFor(command: Command, request: ResourceRequest, limits: StepLimits): ToolLimits {
  const seconds = Math.min(command.timeLimit ?? Infinity, limits.timeLimit ?? Infinity);
  const memory = limits.memoryLimitMiB === undefined ? undefined : Math.max(limits.memoryLimitMiB, request.ramMax);
  return {
    ...(Number.isFinite(seconds) && { timeLimit: seconds }),
    ...(memory !== undefined && { memoryLimitMiB: memory }),
    ...(limits.outputLimitBytes !== undefined && { outputLimitBytes: limits.outputLimitBytes }),
  };
}

/** How several processes of a tool are started, as in cwltool's configuration file for MPI. */
export interface MpiLauncher {
  runner: string;
  countFlag: string;
  extraFlags: string[];
  env: { [name: string]: string };
}

const defaultMpi: MpiLauncher = { runner: 'mpirun', countFlag: '-n', extraFlags: [], env: {} };

function launched(argv: string[], processes: number | undefined, mpi: MpiLauncher): string[] {
  return processes === undefined ? argv : [mpi.runner, mpi.countFlag, String(processes), ...mpi.extraFlags, ...argv];
}

const imagePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface SpawnPlan {
  limits: ToolLimits;
  container: Container;
  hasInputs: boolean;
  /** What stands elsewhere in the container than on this machine, beside the output directory. */
  binds: SpawnRequest['binds'];
}

/** Everything decided: what the spawner is given. */
export function planSpawn(command: Command, folders: Folders, preparation: Preparation, plan: SpawnPlan): SpawnRequest {
  const { attempt, ports } = preparation;
  if (command.network && ports.limits.network === 'never')
    ports.onWarning?.(`${attempt.name}: NetworkAccess is not allowed here: it runs without a network`);
  const moved = folders.outInTool !== folders.out;
  const request: SpawnRequest = {
    ...startOf(command, plan.container, { ...ports.environment, PATH: ports.limits.path }),
    cwd: folders.outInTool,
    ...(command.stdin !== undefined && { stdin: hostPath(command.stdin, folders.mappings) }),
    ...(command.stdout !== undefined && { stdout: join(folders.out, command.stdout) }),
    ...(command.stderr !== undefined && { stderr: join(folders.out, command.stderr) }),
    log: folders.log,
    ...plan.limits,
    network: command.network && ports.limits.network === 'on-request',
    writable: [folders.out, folders.tmp],
    readable: plan.hasInputs ? [folders.in] : [],
    binds: [...(moved ? [{ source: folders.out, target: folders.outInTool, writable: true }] : []), ...plan.binds],
  };
  const mpi = ports.mpi ?? defaultMpi;
  if (command.mpiProcesses !== undefined) Object.assign(request.env, mpi.env);
  const whole = plan.container.kind === 'engine' ? inEngine(request, plan.container, folders) : request;
  return { ...whole, argv: launched(whole.argv, command.mpiProcesses, mpi) };
}

function startOf(
  command: Command,
  container: Container,
  host: { PATH: string; [name: string]: string },
): Pick<SpawnRequest, 'argv' | 'env' | 'root'> {
  const { argv, env } = command;
  switch (container.kind) {
    case 'host':
      return { argv, env: { ...host, ...env } };
    case 'engine':
      return { argv, env };
    case 'programs': {
      const { entrypoint = [], bin = '', env: own } = container.image;
      return { argv: [...entrypoint, ...argv], env: { ...host, PATH: `${bin}:${host.PATH}`, ...own, ...env } };
    }
    case 'root': {
      const { entrypoint = [], root, env: own } = container.image;
      return { argv: [...entrypoint, ...argv], env: { PATH: imagePath, ...own, ...env }, root };
    }
  }
}

/** The container engine is what is started; it starts the tool. */
function inEngine(request: SpawnRequest, { engine, image }: Container & { kind: 'engine' }, folders: Folders): SpawnRequest {
  const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() };
  const plan = {
    engine,
    image,
    argv: request.argv,
    env: request.env,
    cwd: request.cwd,
    mounts: [
      ...request.writable.map((path) => ({ source: path, target: path, writable: true })),
      ...request.readable.map((path) => ({ source: path, target: path, writable: false })),
      ...request.binds.map(({ source, target, writable }) => ({ source, target, writable: writable === true })),
    ],
    network: request.network,
    name: `runnel-${randomBytes(8).toString('hex')}`,
    ...(uid !== undefined && gid !== undefined && { user: { uid, gid } }),
  };
  const removal = containerRemoval(plan);
  return {
    ...request,
    argv: containerCommand(plan),
    env: engine.env,
    cwd: folders.out,
    binds: [],
    ...(removal !== undefined && { removal: { argv: removal, env: engine.env } }),
  };
}
