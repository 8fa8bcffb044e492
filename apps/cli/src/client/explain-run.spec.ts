import { describe, expect, it } from '@jest/globals';
import { explanationOf, type ExplainedRun } from './explain-run.ts';

const created = '2026-11-21T10:00:00.000Z';
const now = Date.parse('2026-11-21T10:01:05.000Z');
const run: ExplainedRun = { run: 'r1', status: 'running', progress: 50, message: '', created, nodes: [] };

describe('explanationOf', () => {
  it('says what waits, for what, for how long and behind whom', () => {
    const queue = { since: '2026-11-21T10:00:05.000Z', ahead: 7 };
    const nodes = [{ node: 'tile', status: 'ready', total: 10, finished: 2, running: 3, reason: 'no free slot', queue }];
    const { headline, because, next } = explanationOf({ ...run, nodes }, [], now);
    expect(headline).toBe('run r1 is running since 1 min 05 s, 50 % done');
    expect(because).toEqual([{ where: 'tile', why: '5 of 10 wait, no free slot, for 1 min 00 s, 7 steps of the workspace before it' }]);
    expect(next[0]).toContain('executors');
  });

  it('says of a failed run which step, why, its last lines, and what to do', () => {
    const failure = { class: 'out-of-memory', reason: 'it needed more than 256 MiB', step: 'tile[3]' };
    const failed = { ...run, status: 'failed', failure, finished: '2026-11-21T10:00:10.000Z' };
    const step = { step: 'tile[3]', attempt: 2, status: 'failed', exitCode: 137, failure: { ...failure, logTail: 'one\ntwo\n' } };
    const other = { step: 'other', attempt: 1, status: 'failed', failure: { class: 'tool', reason: 'no' } };
    const { because, log, next } = explanationOf(failed, [other, step], now);
    expect(because).toEqual([{ where: 'tile[3] (out-of-memory, exit code 137, attempt 2)', why: 'it needed more than 256 MiB' }]);
    expect(log).toEqual(['one', 'two']);
    expect(next).toEqual([expect.stringContaining('ramMin'), 'when the cause is mended: runnel resume r1', "runnel logs r1 'tile[3]'"]);
  });
});
