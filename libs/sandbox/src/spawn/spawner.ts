import { chmodSync, chownSync, closeSync, constants as files, fchownSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

import type { IsolationMode, RunningTool, Spawner, SpawnHooks, SpawnRequest, SpawnResult } from '../types.ts';
import { giveFolder } from './give-folder.ts';
import { startGuardian } from './guardian.ts';
import { createLeftovers } from './leftovers.ts';
import { openLog } from './log-file.ts';
import { findMemoryGroups, makeMemoryGroup, type MemoryGroup } from './memory-group.ts';
import { signal } from './process-tree.ts';
import { findProgram } from './programs.ts';
import { startSlot, type Slot, type StepEnd } from './slot.ts';
import { findMountPoint, FIRST_UID, ownFolders, slotCommand } from './slot-command.ts';
import { stepScript, type StepRules } from './step-script.ts';
import { watchLimits, type Limit } from './watch-limits.ts';

export interface SpawnerOptions {
  isolation: IsolationMode;
  /** Folder of ours for pipes and the like; not below `workRoot`. Made if need be, removed at `close`. */
  control: string;
  /** All attempts' folders lie below it. */
  workRoot: string;
  /** Folders of the host that no tool may see (`workRoot` may lie below one of them and stays visible). */
  hidden?: string[];
  /** Removed, with every process that has its home in it, even when we die of SIGKILL: a folder above `workRoot` that nobody else uses. */
  temporary?: string;
  /** Spawners of one machine use different ranges. */
  firstUid?: number;
  /** Seconds between SIGTERM and SIGKILL when the time limit is reached. */
  graceSeconds?: number;
}

interface Seat {
  index: number;
  slot: Slot;
  network: boolean;
  uid?: number;
  folder: string;
}

const SWEEP_MS = 200;
const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** Starts nothing yet; `warm` in the background saves the first tool the wait for its slot. */
export function createSpawner(options: SpawnerOptions): Spawner & { warm(count: number): void } {
  const { isolation, workRoot } = options;
  mkdirSync(options.control, { recursive: true, mode: 0o700 });
  const hasNamespace = isolation.namespaces === 'unshare';
  const mountPoint = hasNamespace ? findMountPoint([options.control, workRoot, ...(options.hidden ?? [])]) : workRoot;
  const groups = isolation.namespaces === 'none' && !isolation.uid ? undefined : findMemoryGroups();
  const leftovers = hasNamespace ? undefined : createLeftovers();
  const running = new Set<RunningTool>();
  const all = new Set<Seat>();
  const emptyGroups: MemoryGroup[] = [];
  let idle: Seat[] = [];
  const freeIndexes: number[] = [];
  let guardian: ReturnType<typeof startGuardian> | undefined;
  let sweepTimer: NodeJS.Timeout | undefined;
  const sweepFolders = new Set<string>();
  let steps = 0;

  function openSeat(network: boolean): Seat {
    if (leftovers) guardian ??= startGuardian(options.temporary ?? workRoot, options.temporary !== undefined);
    const index = freeIndexes.pop() ?? all.size;
    const folder = join(options.control, `slot-${index}`);
    rmSync(folder, { recursive: true, force: true });
    const owner = isolation.uid ? { uid: (options.firstUid ?? FIRST_UID) + index } : {};
    const slot = startSlot(slotCommand({ isolation, folder, mountPoint, workRoot, hidden: options.hidden ?? [], network, ...owner }));
    const seat: Seat = { index, slot, network, folder, ...owner };
    all.add(seat);
    return seat;
  }
  async function closeSeat(seat: Seat): Promise<void> {
    await seat.slot.destroy();
    if (all.delete(seat)) freeIndexes.push(seat.index);
  }
  function takeSeat(network: boolean): Seat {
    const found = idle.find((seat) => seat.network === network || !hasNamespace);
    if (!found) return openSeat(network);
    idle = idle.filter((seat) => seat !== found);
    return found;
  }
  function returnSeat(seat: Seat): void {
    if (!seat.slot.alive) {
      if (all.delete(seat)) freeIndexes.push(seat.index);
      return;
    }
    if (hasNamespace) emptyOwnFolders(seat.folder, workRoot);
    idle.push(seat);
  }
  function sweepSoon(folders: string[]): void {
    for (const folder of folders) sweepFolders.add(folder);
    sweepTimer ??= setTimeout(() => {
      sweepTimer = undefined;
      leftovers?.kill(sweepFolders);
      sweepFolders.clear();
    }, SWEEP_MS);
    sweepTimer.unref();
  }

  function rulesFor(seat: Seat, group: MemoryGroup | undefined): StepRules {
    const unshare = hasNamespace ? findProgram('unshare') : undefined;
    const mount = hasNamespace ? findProgram('mount') : undefined;
    const bubblewrap = isolation.namespaces === 'bubblewrap' ? findProgram('bwrap') : undefined;
    return {
      rootFolder: mountPoint,
      ...(group ? { memoryGroup: group.procs } : {}),
      ...(seat.uid === undefined ? {} : { uid: seat.uid }),
      ...(unshare === undefined ? {} : { unshare }),
      ...(mount === undefined ? {} : { mount }),
      ...(bubblewrap === undefined ? {} : { bubblewrap }),
      ...(isolation.uid || isolation.namespaces === 'none' ? {} : { coverWorkRoot: workRoot, identity: ownIdentity() }),
    };
  }

  function run(request: SpawnRequest, hooks: SpawnHooks = {}): RunningTool {
    let cancelled = false;
    let limit: Limit | undefined;
    let seat: Seat | undefined;
    let began = performance.now();

    async function end(): Promise<void> {
      if (seat) await closeSeat(seat);
      await leftovers?.killAll(request.writable);
    }
    function exceeded(which: Limit): void {
      limit = which;
      if (which !== 'time') return void end();
      for (const pid of seat?.slot.toolProcesses() ?? []) signal(pid, 'SIGTERM');
      setTimeout(() => void end(), (options.graceSeconds ?? 10) * 1000).unref();
    }

    async function carryOut(): Promise<SpawnResult> {
      seat = takeSeat(request.network);
      await seat.slot.ready;
      if (cancelled) await end();
      if (seat.uid !== undefined) giveToSlot(request, seat.uid);
      steps += 1;
      const group =
        groups && request.memoryLimitMiB !== undefined
          ? makeMemoryGroup(groups, `runnel-${process.pid}-${steps}`, request.memoryLimitMiB * 1024 * 1024)
          : undefined;
      const log = openLog(request.log, hooks.onLog);
      const rules = rulesFor(seat, group);
      began = performance.now();
      const { slot } = seat;
      const watch = watchLimits(request, { toolProcesses: () => slot.toolProcesses(), pollMemory: group === undefined, exceeded });
      const ended = await slot.run(
        (nonce) => stepScript(request, rules, nonce),
        (chunk) => log.write(chunk),
      );
      const wallSeconds = (performance.now() - began) / 1000;
      watch.stop();
      if ('died' in ended || ended.leftovers || limit !== undefined || cancelled) await end();
      else {
        if (leftovers) sweepSoon(request.writable);
        returnSeat(seat);
      }
      seat = undefined;
      const written = log.end();
      if (group?.wasExceeded() && failed(ended)) limit ??= 'memory';
      const result: SpawnResult = {
        ...describeEnd(ended, limit),
        ...(cancelled ? { cancelled } : {}),
        wallSeconds,
        maxMemoryBytes: group?.peakBytes() ?? watch.peakBytes(),
        logTail: written.tail,
        logBytes: written.bytes,
        logGap: written.gap,
      };
      if (group) removeGroups(emptyGroups, group);
      return result;
    }

    const result = carryOut();
    const tool: RunningTool = {
      result,
      async cancel() {
        cancelled = true;
        await end();
        await result.catch(() => undefined);
      },
    };
    running.add(tool);
    const forget = (): boolean => running.delete(tool);
    result.then(forget, forget);
    return tool;
  }

  return {
    isolation,
    run,
    warm(count) {
      while (idle.length < count) idle.push(openSeat(false));
    },
    async close() {
      await Promise.all([...running].map((tool) => tool.cancel()));
      clearTimeout(sweepTimer);
      await Promise.all([...all].map(closeSeat));
      await leftovers?.killAll([workRoot]);
      for (const group of emptyGroups) group.remove();
      guardian?.dismiss();
      rmSync(options.control, { recursive: true, force: true });
    },
  };
}

function failed(end: StepEnd): boolean {
  return 'died' in end || end.status !== 0;
}

function describeEnd(end: StepEnd, limit: Limit | undefined): Pick<SpawnResult, 'exitCode' | 'signal' | 'limit' | 'cpuSeconds'> {
  const status = 'died' in end ? 128 + constants.signals.SIGKILL : end.status;
  const name = status > 128 ? signalNames.get(status - 128) : undefined;
  const reached = limit ?? (name === 'SIGXFSZ' ? 'output' : undefined);
  return {
    exitCode: status,
    ...(name === undefined ? {} : { signal: name }),
    ...(reached === undefined ? {} : { limit: reached }),
    cpuSeconds: 'died' in end ? 0 : end.cpuSeconds,
  };
}

/** The attempt's folder stays ours, so that the tool cannot exchange what lies beside its own folders. */
function giveToSlot(request: SpawnRequest, uid: number): void {
  for (const folder of request.writable) {
    chownSync(dirname(folder), 0, uid);
    chmodSync(dirname(folder), 0o710);
    giveFolder(folder, uid);
  }
  for (const path of [request.stdout, request.stderr]) {
    if (path === undefined) continue;
    // Made here without following links: the shell, which opens it with our rights, then finds a plain file.
    const fd = openSync(path, files.O_WRONLY | files.O_CREAT | files.O_NOFOLLOW, 0o644);
    fchownSync(fd, uid, uid);
    closeSync(fd);
  }
}

function emptyOwnFolders(folder: string, workRoot: string): void {
  for (const { path, by } of ownFolders(folder)) {
    for (const name of readdirSync(by)) {
      // A work root below /tmp is mounted there.
      if (!`${workRoot}/`.startsWith(`${path}/${name}/`)) rmSync(join(by, name), { recursive: true, force: true });
    }
  }
}

function ownIdentity(): { uid: number; gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** A group can be removed only when its last process is reaped, which may be a moment later. */
function removeGroups(waiting: MemoryGroup[], group: MemoryGroup): void {
  waiting.push(group);
  for (const one of waiting.splice(0)) if (!one.remove()) waiting.push(one);
}
