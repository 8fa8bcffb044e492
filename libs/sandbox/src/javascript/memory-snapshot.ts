const page = 4096;
const zeroPage = Buffer.alloc(page);
/** The C stack is the only area of a fresh module that is untouched over megabytes; what lies in it between two calls is dead. */
const leastStack = 2 * 1024 * 1024;
/** Copied nevertheless: variables that are still zero may lie right below the stack. */
const margin = 64 * 1024;

/** The linear memory of a WebAssembly module; its buffer is another one after it has grown. */
export interface LinearMemory {
  readonly buffer: ArrayBufferLike;
}

interface Area {
  start: number;
  end: number;
}

/** Finds the stack of a freshly made module, which need not be copied. */
export function findStack(memory: LinearMemory): Area {
  const bytes = Buffer.from(memory.buffer);
  let longest: Area = { start: 0, end: 0 };
  let start: number | undefined;
  const last = lastUsedPage(bytes);
  for (let at = 0; at <= last; at += page) {
    if (isUntouched(bytes, at)) start ??= at;
    else if (start !== undefined) {
      if (at - start > longest.end - longest.start) longest = { start, end: at };
      start = undefined;
    }
  }
  if (longest.end - longest.start < leastStack) return { start: 0, end: 0 };
  return { start: longest.start + margin, end: longest.end };
}

/**
 * Copies the state of a module, which is its linear memory: taken while none of its functions runs, putting it back undoes everything that was
 * evaluated since. `restore` is false where the memory has grown to more than twice its size: then the module is to be dropped, since linear
 * memory never shrinks.
 */
export function takeSnapshot(memory: LinearMemory, stack: Area): { restore(): boolean } {
  const size = memory.buffer.byteLength;
  const bytes = Buffer.from(memory.buffer);
  const end = lastUsedPage(bytes) + page;
  const areas = [
    { start: 0, end: Math.min(stack.start, end) },
    { start: Math.min(stack.end, end), end },
  ].filter((area) => area.end > area.start);
  const copies = areas.map((area) => ({ start: area.start, bytes: new Uint8Array(bytes.subarray(area.start, area.end)) }));
  return {
    restore: () => {
      if (memory.buffer.byteLength > 2 * size) return false;
      const target = new Uint8Array(memory.buffer);
      for (const copy of copies) target.set(copy.bytes, copy.start);
      return true;
    },
  };
}

function lastUsedPage(bytes: Buffer): number {
  let at = bytes.length - page;
  while (at > 0 && isUntouched(bytes, at)) at -= page;
  return at;
}

/** Compared natively: a fresh module has 16 MiB, and looking at every byte in JavaScript was most of what a thread needed to start. */
function isUntouched(bytes: Buffer, start: number): boolean {
  return bytes.compare(zeroPage, 0, page, start, start + page) === 0;
}
