import { execFile } from 'node:child_process';

import type { RunningTool, SpawnHooks, SpawnRequest, SpawnResult } from '../types.ts';
import { giveToUid } from './give-folder.ts';
import type { Leftovers } from './leftovers.ts';
import { openLog } from './log-file.ts';
import type { MemoryGroup } from './memory-group.ts';
import { signal } from './process-tree.ts';
import type { Seat, Seats } from './seats.ts';
import { describeEnd } from './spawn-result.ts';
import { stepScript, type StepRules } from './step-script.ts';
import { watchLimits, type Limit } from './watch-limits.ts';

export interface ToolContext {
  seats: Seats;
  /** Where no namespace holds what a tool leaves behind. */
  leftovers?: Leftovers;
  /** Nothing that the tool left may be there when its result is: bubblewrap ends before the last of its namespace does. */
  strict: boolean;
  /** Kills what the tool left, a moment later: looking costs more than a short tool. */
  sweepSoon: (folders: string[]) => void;
  memoryGroup: (seat: Seat, request: SpawnRequest) => MemoryGroup | undefined;
  /** The seat is not used again. */
  releaseGroup: (seat: Seat) => void;
  rules: StepRules;
  graceSeconds: number;
}

/** An engine that does not answer does not keep a run from its end. */
const REMOVAL_MS = 30_000;

/** Runs one tool on a seat of its own. */
export function runTool(request: SpawnRequest, hooks: SpawnHooks, context: ToolContext): RunningTool {
  const { seats, leftovers } = context;
  const seat = seats.take(request.network);
  let cancelled = false;
  let over = false;
  let limit: Limit | undefined;

  async function end(): Promise<void> {
    if (over) return;
    // Its engine first: a container whose monitor was killed cannot be removed by one call. Then what it began to make meanwhile.
    await remove(request.removal);
    await seats.close(seat);
    await leftovers?.killAll(request.writable);
    await remove(request.removal);
  }
  function exceeded(which: Limit): void {
    limit = which;
    if (which !== 'time') return void end();
    for (const pid of seat.slot.toolProcesses()) signal(pid, 'SIGTERM');
    setTimeout(() => void end(), context.graceSeconds * 1000).unref();
  }

  async function carryOut(): Promise<SpawnResult> {
    try {
      await seat.slot.ready;
    } catch (error) {
      await end();
      throw error;
    }
    if (seat.uid !== undefined) giveToUid(request, seat.uid);
    const group = context.memoryGroup(seat, request);
    const log = openLog(request.log, hooks.onLog);
    const rules = rulesOf(seat, context.rules, group);
    const began = performance.now();
    const watch = watchLimits(request, { toolProcesses: () => seat.slot.toolProcesses(), pollMemory: group === undefined, exceeded });
    const ended = await seat.slot.run(
      (nonce) => stepScript(request, rules, nonce),
      (chunk) => log.write(chunk),
    );
    const wallSeconds = (performance.now() - began) / 1000;
    watch.stop();
    if ('died' in ended || ended.leftovers || limit !== undefined || cancelled) await end();
    else {
      if (context.strict) await leftovers?.killAll(request.writable);
      else context.sweepSoon(request.writable);
      seats.giveBack(seat);
    }
    over = true;
    const written = log.end();
    if (group?.wasExceeded() && ('died' in ended || ended.status !== 0)) limit ??= 'memory';
    const maxMemoryBytes = group?.peakBytes() ?? watch.peakBytes();
    if (!seat.slot.alive) context.releaseGroup(seat);
    return {
      ...describeEnd(ended, limit),
      ...(cancelled ? { cancelled } : {}),
      wallSeconds,
      maxMemoryBytes,
      logTail: written.tail,
      logBytes: written.bytes,
      logGap: written.gap,
    };
  }

  const result = carryOut();
  return {
    result,
    async cancel() {
      cancelled = true;
      await end();
      await result.catch(() => undefined);
    },
  };
}

/** That there is nothing to remove is no fault. */
async function remove(removal: SpawnRequest['removal']): Promise<void> {
  if (removal === undefined) return;
  const { argv, env } = removal;
  const [program = '', ...args] = argv;
  await new Promise<void>((done) => execFile(program, args, { env, timeout: REMOVAL_MS }, () => done()));
}

function rulesOf(seat: Seat, rules: StepRules, group: MemoryGroup | undefined): StepRules {
  if (seat.uid === undefined && group === undefined) return rules;
  return { ...rules, ...(seat.uid === undefined ? {} : { uid: seat.uid }), ...(group === undefined ? {} : { memoryGroup: group.procs }) };
}
