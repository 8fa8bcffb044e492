import { join } from 'node:path';

import type { Command, ResourceRequest } from '@runnel/cwl';

import { noImages } from '../images/local-images.ts';
import type { SpawnRequest, StepLimits } from '../types.ts';
import type { Folders } from './attempt-folders.ts';
import { chooseImage } from './choose-image.ts';
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

/** Everything decided: what the spawner is given. */
export function planSpawn(
  command: Command,
  folders: Folders,
  preparation: Preparation,
  options: { limits: ToolLimits; hasInputs: boolean },
): SpawnRequest {
  const { attempt, ports } = preparation;
  const warn = (text: string): void => ports.onWarning?.(`${attempt.name}: ${text}`);
  if (command.network && ports.limits.network === 'never') warn('NetworkAccess is not allowed here: it runs without a network');
  const image = chooseImage(command, {
    images: ports.images ?? noImages,
    path: ports.limits.path,
    warn,
    canEnterRoot: ports.spawner.isolation.namespaces !== 'none',
  });
  const moved = folders.outInTool !== folders.out;
  return {
    argv: image.argv,
    env: image.env,
    cwd: folders.outInTool,
    ...(command.stdin !== undefined && { stdin: hostPath(command.stdin, folders.mappings) }),
    ...(command.stdout !== undefined && { stdout: join(folders.out, command.stdout) }),
    ...(command.stderr !== undefined && { stderr: join(folders.out, command.stderr) }),
    log: folders.log,
    ...options.limits,
    network: command.network && ports.limits.network === 'on-request',
    writable: [folders.out, folders.tmp],
    readable: options.hasInputs ? [folders.in] : [],
    binds: moved ? [{ source: folders.out, target: folders.outInTool, writable: true }] : [],
    ...(image.root !== undefined && { root: image.root }),
  };
}
