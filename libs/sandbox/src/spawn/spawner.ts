import { existsSync, rmSync } from 'node:fs';
import { isAbsolute } from 'node:path';

import type { IsolationMode, RunningTool, Spawner, SpawnHooks, SpawnRequest } from '../types.ts';
import { startGuardian } from './guardian.ts';
import { createLeftovers } from './leftovers.ts';
import { findMemoryGroups, makeMemoryGroup, sweepMemoryGroups, type MemoryGroup } from './memory-group.ts';
import { findProgram } from './programs.ts';
import { runTool, type ToolContext } from './run-tool.ts';
import { createSeats } from './seats.ts';
import { isBelow } from './slot-script.ts';
import { findMountPoint } from './slot-command.ts';
import type { StepRules } from './step-script.ts';

export interface SpawnerOptions {
  isolation: IsolationMode;
  /** Folder of ours for pipes and the like; not below `workRoot`. Made if need be, removed at `close`. */
  control: string;
  /** All attempts' folders lie below it. Nobody else's may: what has its home there is killed when we die. */
  workRoot: string;
  /** Folders of the host that no tool may see (`workRoot` may lie below one of them and stays visible). */
  hidden?: string[];
  /** Folders that tools need although they lie below a hidden one or below /tmp, of which a slot has its own: local images. */
  visible?: string[];
  /** Without namespaces: removed, with every process that has its home in it, even when we die of SIGKILL. A folder above `workRoot`. */
  temporary?: string;
  /** Spawners of one machine use different ranges. */
  firstUid?: number;
  /** Seconds between SIGTERM and SIGKILL when the time limit is reached; default 10. */
  graceSeconds?: number;
}

const SWEEP_MS = 200;

/** Starts nothing before the first tool; `warm` saves that tool the wait for its slot. */
export function createSpawner(options: SpawnerOptions): Spawner & { warm(count: number): void } {
  const { isolation, workRoot } = options;
  assertOurs(options.temporary ?? workRoot);
  const hasNamespace = isolation.namespaces === 'unshare';
  const mountPoint = hasNamespace
    ? findMountPoint([options.control, workRoot, ...(options.hidden ?? []), ...(options.visible ?? [])])
    : workRoot;
  const rules = rulesFor(options, mountPoint);
  const groups = isolation.namespaces === 'none' && !isolation.uid ? undefined : findMemoryGroups();
  if (groups) sweepMemoryGroups(groups);
  const leftovers = hasNamespace ? undefined : createLeftovers();
  const seats = createSeats(options, mountPoint);
  const running = new Set<RunningTool>();
  const sweepFolders = new Set<string>();
  let usedGroups: MemoryGroup[] = [];
  let guardian: ReturnType<typeof startGuardian> | undefined;
  let sweepTimer: NodeJS.Timeout | undefined;

  /** A group can be removed only when its last process is reaped, which may be a moment later. */
  function removeGroups(): void {
    usedGroups = usedGroups.filter((group) => !group.remove());
  }
  const context: ToolContext = {
    seats,
    ...(leftovers && { leftovers }),
    strict: isolation.namespaces === 'bubblewrap',
    sweepSoon(folders) {
      if (!leftovers) return;
      for (const folder of folders) sweepFolders.add(folder);
      sweepTimer ??= setTimeout(() => {
        sweepTimer = undefined;
        leftovers.kill(sweepFolders);
        sweepFolders.clear();
      }, SWEEP_MS);
      sweepTimer.unref();
    },
    memoryGroup(seat, { memoryLimitMiB }) {
      if (groups === undefined || memoryLimitMiB === undefined) return undefined;
      const bytes = memoryLimitMiB * 1024 * 1024;
      if (seat.group?.reuse(bytes)) return seat.group;
      context.releaseGroup(seat);
      seat.group = makeMemoryGroup(groups, bytes);
      return seat.group;
    },
    releaseGroup(seat) {
      if (seat.group) usedGroups.push(seat.group);
      delete seat.group;
      removeGroups();
    },
    rules,
    graceSeconds: options.graceSeconds ?? 10,
  };
  function guard(): void {
    if (!hasNamespace) guardian ??= startGuardian(options.temporary ?? workRoot, options.temporary !== undefined);
  }

  return {
    isolation,
    run(request: SpawnRequest, hooks: SpawnHooks = {}) {
      guard();
      const tool = runTool(request, hooks, context);
      running.add(tool);
      const forget = (): boolean => running.delete(tool);
      tool.result.then(forget, forget);
      return tool;
    },
    warm(count) {
      guard();
      seats.warm(count);
    },
    async close() {
      await Promise.all([...running].map((tool) => tool.cancel()));
      clearTimeout(sweepTimer);
      for (const seat of await seats.closeAll()) context.releaseGroup(seat);
      if (guardian) await leftovers?.killAll([workRoot]);
      removeGroups();
      guardian?.dismiss();
      rmSync(options.control, { recursive: true, force: true });
    },
  };
}

/** What has its home below this folder is killed when nobody wants it any more: it must be deep, and not the place where we live ourselves. */
function assertOurs(folder: string): void {
  const depth = folder.split('/').filter(Boolean).length;
  const lived = [process.cwd(), process.env['HOME'] ?? ''].some((place) => isBelow(place, folder));
  if (!isAbsolute(folder) || depth < 2 || lived)
    throw new Error(`${folder} cannot be the work root: it must be a folder that nothing else uses`);
}

/** Throws where a program is missing: a tool must never run with less isolation than was asked for. */
function rulesFor({ isolation, workRoot, hidden = [] }: SpawnerOptions, mountPoint: string): StepRules {
  if (isolation.namespaces === 'none') {
    if (isolation.uid) throw new Error('a uid of its own needs namespaces');
    return { rootFolder: mountPoint };
  }
  const cover = isolation.uid ? {} : { coverWorkRoot: workRoot, identity: ownIdentity() };
  if (isolation.namespaces === 'unshare')
    return { rootFolder: mountPoint, unshare: needProgram('unshare'), mount: needProgram('mount'), ...cover };
  return { rootFolder: mountPoint, bubblewrap: needProgram('bwrap'), hidden: hidden.filter((path) => existsSync(path)), ...cover };
}

function needProgram(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`the program ${name} is missing, without which tools cannot be isolated as wanted`);
  return found;
}

/** As which user a tool sees itself in a user namespace: never as root, to whom the kernel gives all capabilities there. */
function ownIdentity(): { uid: number; gid: number } {
  return { uid: process.getuid?.() || 1000, gid: process.getgid?.() || 1000 };
}
