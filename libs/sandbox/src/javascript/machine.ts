import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten';
import { newQuickJSWASMModule, newVariant, RELEASE_SYNC } from 'quickjs-emscripten';
import type { LinearMemory } from './memory-snapshot.ts';
import { findStack, takeSnapshot } from './memory-snapshot.ts';
import { prelude } from './prelude.ts';
import type { ThreadLimits, ThreadTask } from './protocol.ts';

/** Node has it, the type library without DOM has not. */
declare const WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => LinearMemory };

export type Evaluation = { value: string } | { reason: string };

/** A QuickJS with one library loaded. `reusable` turns false when it must be dropped. */
export interface Machine {
  evaluate(task: ThreadTask): Evaluation;
  readonly reusable: boolean;
}

interface Guest {
  memory: LinearMemory;
  context: QuickJSContext;
  begin: QuickJSHandle;
  end: QuickJSHandle;
  describe: QuickJSHandle;
  touched: QuickJSHandle;
}

/** Thrown inside of this file only: why an evaluation has no value. */
class Refused extends Error {
  override readonly name = 'Refused';
}

const stackBytes = 512 * 1024;
const pagesPerMiB = 16;
/** What a fresh module has; the C stack and QuickJS itself take about 6 MiB of it. */
const initialPages = 256;
const ownPages = 6 * pagesPerMiB;

/**
 * Makes a machine and loads the library into it. After that its memory is kept; each evaluation starts from there, so that none sees what another
 * left behind, and a library is loaded once. A library that reads the clock or draws random numbers while it loads belongs to one evaluation.
 */
export async function createMachine(task: ThreadTask, limits: ThreadLimits): Promise<Machine | { reason: string }> {
  // The memory of the module is the limit: QuickJS's own does not count, since Emscripten cannot tell the size of an allocation.
  const maximum = Math.max(initialPages, limits.memoryMiB * pagesPerMiB + ownPages);
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum });
  const module = await newQuickJSWASMModule(newVariant(RELEASE_SYNC, { wasmMemory: memory }));
  const watch = cpuWatch(limits.timeout);
  const runtime = module.newRuntime({ maxStackSizeBytes: stackBytes });
  runtime.setInterruptHandler(watch.isOver);
  const guest = openGuest(runtime, memory);
  const stack = findStack(memory);
  const loaded = guarded(guest, watch, limits, () => {
    begin(guest, { ...task, context: '{}' });
    for (const [index, text] of task.library.entries()) run(guest, text, `expressionLib[${index}]`).dispose();
    return guest.context.dump(call(guest, guest.touched)) === true ? 'touched' : 'pure';
  });
  if ('reason' in loaded) return { reason: loaded.reason };
  const snapshot = takeSnapshot(memory, stack);
  let reusable = true;
  return {
    get reusable() {
      return reusable;
    },
    evaluate: (next) => {
      const result = guarded(guest, watch, limits, () => evaluateIn(guest, next));
      reusable = loaded.value === 'pure' && !('broken' in result) && snapshot.restore();
      return result;
    },
  };
}

function openGuest(runtime: QuickJSRuntime, memory: LinearMemory): Guest {
  const context = runtime.newContext();
  const functions = context.unwrapResult(context.evalCode(prelude, 'prelude', { strict: true }));
  const member = (name: string) => context.getProp(functions, name);
  return { memory, context, begin: member('begin'), end: member('end'), describe: member('describe'), touched: member('touched') };
}

function evaluateIn(guest: Guest, task: ThreadTask): string {
  begin(guest, task);
  const code =
    task.kind === 'expression'
      ? `(function(){"use strict";return (${task.source}\n);})()`
      : `(function(){"use strict";${task.source}\n})()`;
  const value = run(guest, code, 'expression');
  const text = call(guest, guest.end, value);
  return guest.context.getString(text);
}

function begin(guest: Guest, task: Pick<ThreadTask, 'context' | 'now' | 'seed'>): void {
  const { context } = guest;
  call(guest, guest.begin, context.newString(task.context), context.newNumber(task.now), context.newString(task.seed));
}

function run(guest: Guest, code: string, name: string): QuickJSHandle {
  return unwrap(guest, guest.context.evalCode(code, name, { strict: true }));
}

function call(guest: Guest, callee: QuickJSHandle, ...values: QuickJSHandle[]): QuickJSHandle {
  return unwrap(guest, guest.context.callFunction(callee, guest.context.undefined, ...values));
}

function unwrap(guest: Guest, result: ReturnType<QuickJSContext['callFunction']>): QuickJSHandle {
  if (!('error' in result) || result.error === undefined) return (result as { value: QuickJSHandle }).value;
  const described = guest.context.callFunction(guest.describe, guest.context.undefined, result.error);
  if (described.error !== undefined) throw new Refused('out of memory');
  throw new Refused(readable(JSON.parse(guest.context.getString(described.value)) as { name?: string; message: string; stack?: string }));
}

/** `ReferenceError: x is not defined (line 2)`. */
function readable(error: { name?: string; message: string; stack?: string }): string {
  const place = /\b(expression|expressionLib\[\d+\]):(\d+)/.exec(error.stack ?? '');
  const said = error.name === undefined ? error.message : `${error.name}: ${error.message}`;
  if (place === null) return said;
  return place[1] === 'expression' ? `${said} (line ${place[2]})` : `${said} (${place[1]}, line ${place[2]})`;
}

/** Runs guest code within its limits and says plainly which one it met. `broken`: the module may be in any state. */
function guarded<T>(
  guest: Guest,
  watch: CpuWatch,
  limits: ThreadLimits,
  action: () => T,
): { value: T } | { reason: string; broken?: true } {
  watch.start();
  try {
    return { value: action() };
  } catch (error) {
    if (watch.wasOver()) return { reason: `it ran for more than ${limits.timeout} s of CPU time and was stopped` };
    if (!(error instanceof Refused)) return { reason: trapReason(error, limits), broken: true };
    if (isOutOfMemory(error, guest)) return { reason: `it needs more than ${limits.memoryMiB} MiB of memory`, broken: true };
    return { reason: error.message };
  }
}

/** Where there is no memory left for the error itself, QuickJS throws null. */
function isOutOfMemory(error: Refused, guest: Guest): boolean {
  const grown = guest.memory.buffer.byteLength > initialPages * 65536;
  return /out of memory/.test(error.message) || (grown && error.message === 'thrown: null');
}

function trapReason(error: unknown, limits: ThreadLimits): string {
  if (error instanceof RangeError) return 'InternalError: stack overflow';
  const said = error instanceof Error ? error.message : String(error);
  return /memory/i.test(said) ? `it needs more than ${limits.memoryMiB} MiB of memory` : `the sandbox failed: ${said}`;
}

interface CpuWatch {
  start: () => void;
  /** Asked by QuickJS every few thousand operations. */
  isOver: () => boolean;
  wasOver: () => boolean;
}

/** Measures the CPU time of this thread: on a busy machine a valid expression is not stopped for the time it only waited. */
function cpuWatch(seconds: number): CpuWatch {
  let end = Infinity;
  let over = false;
  const used = () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  return {
    start: () => {
      end = used() + seconds * 1e6;
      over = false;
    },
    isOver: () => (over ||= used() > end),
    wasOver: () => over,
  };
}
