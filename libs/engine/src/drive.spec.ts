import { describe, expect, it } from '@jest/globals';
import { createInProcessRun } from './drive.ts';
import type { InProcessRun, Work } from './drive.ts';
import { createEngine } from './engine.ts';
import { from, javascript, packageOf, step, workflow } from './spec/documents.ts';
import { acceptedRun, at } from './spec/given.ts';
import type { RunValues } from './types.ts';
import { resolveValue } from './values.ts';

const executor = 'in-process';
const ports = { x: { source: from('p'), valueFrom: '$(self + 1)' } };
const pkg = packageOf(
  workflow(['p'], [step('a', ports, { scatter: ['x'] }), step('b', { x: 'a/out' })], { y: 'b/out' }, { requirements: [javascript] }),
);
const plain = packageOf(workflow(['p'], [step('a', { x: 'p' }, { scatter: ['x'] })], { y: 'a/out' }));

const create = (inputs: RunValues, parallel: number, document = pkg): InProcessRun =>
  createInProcessRun(createEngine(document, 'main'), { accepted: acceptedRun(inputs), parallel });

/** Does work in the order it comes, as a single-threaded owner would; gives the largest number of jobs that were out. */
function drive(run: InProcessRun): number {
  const todo: Work[] = [run.start(at)];
  let out = 0;
  let most = 0;
  for (const { evaluations, jobs } of todo) {
    out += jobs.length;
    most = Math.max(most, out);
    for (const { key, context } of evaluations)
      todo.push(run.apply({ type: 'record-evaluation', key, outcome: { value: Number(context.self) + 1 }, at }));
    for (const { step: name, attempt, inputs } of jobs) {
      out--;
      todo.push(
        run.apply({ type: 'finish-step', step: name, attempt, executor, outcome: 'success', outputs: { out: inputs['x'] ?? null }, at }),
      );
    }
  }
  return most;
}

describe('a run in one process', () => {
  it('hands out evaluations and jobs once each, up to the limit, and ends with outputs', () => {
    const run = create({ p: Array.from({ length: 200 }, (_, index) => index) }, 3);
    expect(drive(run)).toBeLessThanOrEqual(3);
    expect(run.outputs()?.['y']).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    run.apply({ type: 'publish-results', document: 'out', at });
    expect(run.summary()).toMatchObject({ phase: 'successful', progress: 100 });
  });

  it('fills all places while there is work', () => {
    const run = create({ p: [1, 2, 3, 4, 5] }, 4, plain);
    const { jobs } = run.start(at);
    expect(jobs.map((job) => job.step)).toEqual(['a[0]', 'a[1]', 'a[2]', 'a[3]']);
    const { jobs: more } = run.apply({ type: 'finish-step', step: 'a[1]', attempt: 1, executor, outcome: 'success', outputs: {}, at });
    expect(more.map((job) => job.step)).toEqual(['a[4]']);
  });

  it('keeps gathered chunks and reads them', async () => {
    const run = create({ p: Array.from({ length: 1500 }, (_, index) => index) }, 10, plain);
    drive(run);
    const list = await resolveValue(run.outputs()?.['y'] ?? null, (key) => run.read(key));
    expect(list).toEqual(Array.from({ length: 1500 }, (_, index) => index));
    await expect(run.read('nothing')).rejects.toThrow('no object nothing');
  });

  it('says what to stop when a job fails, and when a failed job is to be tried again', () => {
    const run = create({ p: [1, 2] }, 2, plain);
    run.start(at);
    const failed = { type: 'finish-step', attempt: 1, executor, outcome: 'failed', outputs: {}, at } as const;
    const retry = run.apply({ ...failed, step: 'a[0]', failure: { class: 'staging', reason: 'away' } });
    expect(retry.timers).toEqual([{ step: 'a[0]', dueAt: '2026-11-21T12:00:01.000Z', reason: 'away' }]);
    const [again] = run.apply({ type: 'fire-timer', kind: 'retry', key: 'a[0]', at }).jobs;
    expect(again).toMatchObject({ step: 'a[0]', attempt: 2 });
    const work = run.apply({ ...failed, step: 'a[1]', failure: { class: 'tool', reason: 'exit code 1' } });
    expect(work.stop).toEqual([{ step: 'a[0]', attempt: 2 }]);
    expect(run.apply({ type: 'confirm-stopped', step: 'a[0]', attempt: 2, executor, at }).events.map(({ type }) => type)).toEqual([
      'step.stopped',
      'run.stopped',
    ]);
  });
});
