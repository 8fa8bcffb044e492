import { setFlagsFromString } from 'node:v8';

/** Characters of a document from which on reading it takes long enough to be felt. */
const LARGE_DOCUMENT = 500_000;

/** Carrying out steps is mostly waiting: there code that V8 optimizes saves no time, but its compiler takes a fifth of all memory. */
export function spareMemory(): void {
  setFlagsFromString('--no-opt');
}

/** Without the compiler, reading megabytes of YAML would take half as long again. */
export function spendMemoryOnLarge(text: string): void {
  if (text.length >= LARGE_DOCUMENT) setFlagsFromString('--opt');
}
