/**
 * A named instant at which a test can stop the world. Does nothing unless `RUNNEL_CRASH_AT` is `name` or `name:n`: then the process is killed
 * (SIGKILL) at the n-th pass, before this call returns. `node scripts/check-crash-points.ts --list` prints all names.
 */
export function crashPoint(name: string): void {
  if (name !== armed?.name) return;
  armed.passes -= 1;
  if (armed.passes > 0) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered asynchronously to a process with several threads: nothing may happen after this point.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Reads `name[:n]`; n counts from 1. Throws where n is not a positive number. */
export function parseCrashPoint(value: string | undefined): { name: string; passes: number } | undefined {
  if (value === undefined || value === '') return undefined;
  const [name = '', count = '1'] = value.split(':');
  const passes = Number(count);
  if (!Number.isInteger(passes) || passes < 1) throw new Error(`RUNNEL_CRASH_AT=${value}: expected name or name:n with n ≥ 1`);
  return { name, passes };
}

const armed = parseCrashPoint(process.env['RUNNEL_CRASH_AT']);
