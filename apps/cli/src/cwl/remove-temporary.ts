import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';

/** More folders than these take long enough to be felt. */
const AT_ONCE = 64;

/**
 * Removes the folders of a run. A disk that discards what is freed takes about a millisecond for each: where there are many, a program of its
 * own does it and nobody waits for it.
 */
export function removeTemporary(base: string, workRoot: string): void {
  if (readdirSync(workRoot).length <= AT_ONCE) rmSync(base, { recursive: true, force: true });
  else spawn('/bin/rm', ['-rf', '--', base], { detached: true, stdio: 'ignore', cwd: '/' }).unref();
}
