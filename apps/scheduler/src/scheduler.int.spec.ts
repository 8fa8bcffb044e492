import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chain, computed, wide } from './spec/documents.ts';
import { install } from './spec/installation.ts';
import type { Installation } from './spec/installation.ts';

jest.setTimeout(60_000);

let at: Installation;

beforeEach(async () => {
  at = await install();
});

afterEach(() => at.close());

describe('a run through messages', () => {
  it('goes from step to step to published results', async () => {
    const executor = await at.executor();
    at.ingester();
    await at.scheduler();
    const run = await at.accept(chain, { x: 'hello' }, { catalogue: true });
    const row = await at.ended(run);
    expect(row).toMatchObject({ phase: 'successful', progress: 100, stopped: true, document: `demo/results/${run}/results.json` });
    expect(executor.requests.map(({ step, inputs }) => [step, inputs])).toEqual([
      ['a', { x: 'hello' }],
      ['b', { x: 'hello' }],
    ]);
    expect((await at.events(run)).map(({ type }) => type)).toEqual([
      'run.accepted',
      'run.started',
      'step.requested',
      'step.started',
      'step.finished',
      'step.requested',
      'step.started',
      'step.finished',
      'run.outputs-ready',
      'run.finished',
    ]);
    expect(await at.steps(run)).toMatchObject([
      { step: 'a', attempt: 1, state: 'successful', executor: 'x-1', logs: [{ size: 3 }] },
      { step: 'b', attempt: 1, state: 'successful' },
    ]);
  });

  it('scatters wide', async () => {
    const executor = await at.executor();
    at.ingester();
    await at.scheduler();
    const run = await at.accept(wide, { list: Array.from({ length: 300 }, (_, index) => index) });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect(new Set(executor.requests.map(({ step }) => step)).size).toBe(300);
  });

  it('evaluates JavaScript of the workflow and records the values', async () => {
    const executor = await at.executor();
    at.ingester();
    await at.scheduler();
    const run = await at.accept(computed, { list: [1, 2, 3] });
    expect(await at.ended(run)).toMatchObject({ phase: 'successful' });
    expect(executor.requests.map(({ inputs }) => inputs['x']).sort()).toEqual([2, 4, 6]);
  });
});
