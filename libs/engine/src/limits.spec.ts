import { describe, expect, it } from '@jest/globals';
import { packageOf, step, tool, workflow } from './spec/documents.ts';
import { acceptedRun, given, unstarted } from './spec/given.ts';
import type { Play } from './spec/given.ts';
import type { TimeLimits } from './types.ts';

const one = packageOf(workflow(['x'], [step('a', { x: 'x' })], { y: 'a/out' }), tool('tool'));
const executor = 'x-1';
const ref = { step: 'a', attempt: 1 };
const reason = 'executor x-1 is being emptied: a new disk';
const recall = { type: 'recall-step', ...ref, executor, reason } as const;

const started = (limits?: TimeLimits): Play => {
  const play = given(one, { x: 1 }, limits ? { limits } : {});
  play.grant('a');
  play.advance({ type: 'start-step', ...ref, executor });
  return play;
};
const faultOf = ({ engine, state }: Play) => engine.summary(state).failure;

describe('how long a run and its steps may take', () => {
  it.each<[TimeLimits | undefined, TimeLimits | undefined, TimeLimits | undefined]>([
    [undefined, undefined, undefined],
    [{ run: 10 }, undefined, { run: 10 }],
    [undefined, { step: 5 }, { step: 5 }],
    [
      { run: 10, step: 9 },
      { run: 20, step: 5 },
      { run: 10, step: 5 },
    ],
  ])('installation %j, run %j: %j', (limits, asked, expected) => {
    const play = unstarted(one, limits ? { limits } : {});
    play.advance({ type: 'accept-run', accepted: { ...acceptedRun({ x: 1 }), ...(asked && { limits: asked }) } });
    play.when({ type: 'start-run' }).then([{ type: 'run.started', data: { window: 64, ...(expected && { limits: expected }) } }]);
    expect(play.engine.restore(play.engine.serialize(play.state)).limits).toEqual(expected);
  });

  it('ends a run that exceeds its own, and stops what runs', () => {
    const play = started({ run: 10 });
    play.advance({ type: 'fire-timer', kind: 'run-limit', key: '' });
    expect(faultOf(play)).toEqual({ class: 'time-limit', reason: 'the run took longer than its limit of 10 s' });
    expect(play.engine.outstanding(play.state).attempts).toMatchObject([{ step: 'a', state: 'stopping' }]);
  });

  it('ends a run one of whose steps exceeds it, and stops that one', () => {
    const play = started({ step: 5 });
    play.advance({ type: 'fire-timer', kind: 'step-limit', key: 'a#1' });
    expect(faultOf(play)).toEqual({
      class: 'time-limit',
      reason: "the step took longer than the limit of the run's steps of 5 s",
      step: 'a',
    });
    expect(play.engine.outstanding(play.state).attempts).toMatchObject([{ step: 'a', state: 'stopping' }]);
    play.when({ type: 'confirm-stopped', ...ref, executor }).then([
      { type: 'step.stopped', data: ref },
      { type: 'run.stopped', data: {} },
    ]);
  });

  it.each(['a#2', 'b#1', 'a'])('is not exceeded by %s, of which no attempt is under way', (key) => {
    started({ step: 5 }).when({ type: 'fire-timer', kind: 'step-limit', key }).then([]);
  });

  it('begins with the start, not with the request', () => {
    const play = given(one, { x: 1 }, { limits: { step: 5 } });
    play.grant('a');
    play.when({ type: 'fire-timer', kind: 'step-limit', key: 'a#1' }).then([]);
  });
});

describe('an attempt that is recalled', () => {
  const recalled = (): Play => {
    const play = started();
    play.when(recall).then([{ type: 'step.recalled', data: { ...ref, reason } }]);
    play.when(recall).then([]);
    expect(play.engine.outstanding(play.state)).toMatchObject({ attempts: [{ state: 'stopping' }], ready: [] });
    return play;
  };
  const handedBack = [{ type: 'step.handed-back' as const, data: { ...ref, reason } }];
  const failing = (kind: string) =>
    ({ type: 'finish-step', ...ref, executor, outcome: 'failed', outputs: {}, failure: { class: kind, reason: 'no' } }) as const;

  it.each([
    ['it is confirmed gone', { type: 'confirm-stopped', ...ref, executor } as const],
    ['its executor is lost', { type: 'lose-step', ...ref, executor } as const],
    ['it ends because it was stopped', failing('stopped')],
    ['our own machinery failed', failing('infrastructure')],
  ])('begins elsewhere when %s, and no failure is counted', (_name, order) => {
    const play = recalled();
    play.when(order).then(handedBack);
    expect(play.engine.outstanding(play.state).ready).toMatchObject([{ node: 'a', count: 1 }]);
    expect(play.grant('a')).toMatchObject([{ step: 'a', attempt: 2 }]);
    // Three waits are left: nothing was counted.
    expect(play.engine.elementStatus(play.state, 'a')).toMatchObject({ status: 'requested', attempt: 2 });
    play.when(order).then([]);
  });

  it('counts where it ended well before it was stopped', () => {
    const play = recalled().finish('a', { out: 'done' });
    expect(play.outputs()).toEqual({ y: 'done' });
    play.when({ type: 'confirm-stopped', ...ref, executor }).then([]);
  });

  it('fails the run where the tool itself failed before it was stopped', () => {
    const play = recalled();
    play.advance(failing('tool'));
    expect(faultOf(play)).toMatchObject({ class: 'tool', step: 'a' });
  });

  it('is the one of the executor that is named, and no other', () => {
    started()
      .when({ ...recall, executor: 'x-2' })
      .then([]);
    started()
      .when({ ...recall, attempt: 2 })
      .then([]);
  });

  it('survives a snapshot', () => {
    const play = recalled();
    const restored = play.engine.restore(play.engine.serialize(play.state));
    const { events } = play.engine.advance(restored, { type: 'confirm-stopped', ...ref, executor, at: restored.at });
    expect(events.map(({ type }) => type)).toEqual(['step.handed-back']);
  });

  it('is stopped like any other where the run is dismissed meanwhile', () => {
    const play = recalled();
    play.advance({ type: 'dismiss-run', by: 'somebody' });
    play.when({ type: 'confirm-stopped', ...ref, executor }).then([
      { type: 'step.stopped', data: ref },
      { type: 'run.stopped', data: {} },
    ]);
  });
});
