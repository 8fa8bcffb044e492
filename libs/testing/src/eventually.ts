import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the check returns something other than undefined, null and false; rejects after `patience` (ms) with what was awaited. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  patience = 20_000,
): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + patience;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>;
    if (Date.now() > end) throw new Error(`waited ${patience} ms in vain until ${what}`);
    await sleep(10);
  }
}
