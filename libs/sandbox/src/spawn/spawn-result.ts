import { constants } from 'node:os';

import type { SpawnResult } from '../types.ts';
import type { StepEnd } from './slot.ts';
import type { Limit } from './watch-limits.ts';

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** How a tool ended, in the words of a result. A tool whose slot died was killed with it. */
export function describeEnd(end: StepEnd, limit: Limit | undefined): Pick<SpawnResult, 'exitCode' | 'signal' | 'limit' | 'cpuSeconds'> {
  const exitCode = 'died' in end ? 128 + constants.signals.SIGKILL : end.status;
  const name = exitCode > 128 ? signalNames.get(exitCode - 128) : undefined;
  // The kernel says so when one file alone is larger than the limit.
  const reached = limit ?? (name === 'SIGXFSZ' ? 'output' : undefined);
  return {
    exitCode,
    ...(name === undefined ? {} : { signal: name }),
    ...(reached === undefined ? {} : { limit: reached }),
    cpuSeconds: 'died' in end ? 0 : end.cpuSeconds,
  };
}
