import { describe, expect, it } from '@jest/globals';

import type { SpawnResult } from '../types.ts';
import { describeFault, StepFault, toolFailure } from './failures.ts';

const ended: SpawnResult = {
  exitCode: 3,
  wallSeconds: 1,
  cpuSeconds: 0,
  maxMemoryBytes: 0,
  logTail: 'no such band',
  logBytes: 12,
  logGap: 0,
};

describe('why a step failed', () => {
  it('names the step, the exit code and the last lines of the log', () => {
    expect(toolFailure('tile[3]', ended, {})).toEqual({
      class: 'tool',
      reason: 'tile[3]: exit code 3',
      exitCode: 3,
      logTail: 'no such band',
    });
  });

  it.each<[Partial<SpawnResult>, string, string]>([
    [{ exitCode: 139, signal: 'SIGSEGV' }, 'tool', 'tile: killed by SIGSEGV (exit code 139)'],
    [{ exitCode: 127 }, 'tool', 'tile: the program was not found (exit code 127)'],
    [{ exitCode: 143, signal: 'SIGTERM', limit: 'time' }, 'time-limit', 'tile: took longer than its time limit of 5 s and was stopped'],
    [{ exitCode: 137, limit: 'memory' }, 'out-of-memory', 'tile: needed more memory than its limit of 256 MiB'],
    [{ exitCode: 153, limit: 'output' }, 'output-limit', 'tile: wrote more than its limit of 1000 bytes'],
    [{ exitCode: 137, cancelled: true }, 'stopped', 'tile: stopped'],
  ])('%j is of class %s', (change, failureClass, reason) => {
    const limits = { timeLimit: 5, memoryLimitMiB: 256, outputLimitBytes: 1000 };
    expect(toolFailure('tile', { ...ended, ...change }, limits)).toMatchObject({ class: failureClass, reason });
  });

  it('keeps faults of step and document apart from bugs', () => {
    expect(describeFault('tile', new StepFault('staging', 'gone'), 'inputs')).toEqual({ class: 'staging', reason: 'tile: gone' });
    expect(() => describeFault('tile', new TypeError('a bug'), 'inputs')).toThrow('a bug');
  });
});
