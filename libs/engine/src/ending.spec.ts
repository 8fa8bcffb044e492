import { describe, expect, it } from '@jest/globals';
import { javascript, packageOf, step, workflow } from './spec/documents.ts';
import { acceptedRun, given, unstarted } from './spec/given.ts';

const chain = packageOf(workflow(['x'], [step('a', { x: 'x' }), step('b', { x: 'a/out' })], { y: 'b/out' }));
const executor = 'x-1';
const failed = { type: 'finish-step', step: 'a', attempt: 1, executor, outcome: 'failed', outputs: {} } as const;

describe('the end of a run', () => {
  const pair = packageOf(workflow(['x'], [step('a', { x: 'x' }), step('b', { x: 'x' }), step('c', { x: 'a/out' })], { y: 'c/out' }));
  const failure = { class: 'tool', reason: 'exit code 3', exitCode: 3 };

  it('comes at once when a tool fails; what runs is stopped and confirmed', () => {
    const play = given(pair, { x: 1 });
    play.grant('a');
    play.grant('b');
    play.when({ ...failed, failure }).then([
      { type: 'step.finished', data: { step: 'a', attempt: 1, outcome: 'failed', outputs: {}, failure } },
      { type: 'run.finished', data: { status: 'failed', message: 'a: exit code 3', failure: { ...failure, step: 'a' } } },
    ]);
    expect(play.engine.outstanding(play.state)).toMatchObject({ ready: [], attempts: [{ step: 'b', state: 'stopping' }] });
    expect(play.engine.summary(play.state)).toMatchObject({
      phase: 'failed',
      message: 'a: exit code 3',
      failure: { step: 'a', exitCode: 3 },
    });
    expect(play.engine.elementStatus(play.state, 'b')).toEqual({ status: 'stopping', attempt: 1, executor });
    play.when({ type: 'start-step', step: 'b', attempt: 1, executor }).then([]);
    play.when({ type: 'dismiss-run', by: 'ann' }).then([]);
    play.when({ type: 'confirm-stopped', step: 'b', attempt: 1, executor }).then([
      { type: 'step.stopped', data: { step: 'b', attempt: 1 } },
      { type: 'run.stopped', data: {} },
    ]);
    play.when({ type: 'confirm-stopped', step: 'b', attempt: 1, executor }).then([]);
  });

  it('shows which step failed and why the others did not run', () => {
    const play = given(pair, { x: 1 });
    play.grant('a');
    play.advance({ ...failed, failure });
    expect(play.engine.summary(play.state).nodes).toEqual([
      { node: 'a', status: 'failed', total: 1, finished: 0, running: 0, reason: 'exit code 3' },
      { node: 'b', status: 'waiting', total: 1, finished: 0, running: 0, reason: 'the run was ended before it ended' },
      { node: 'c', status: 'waiting', total: 1, finished: 0, running: 0, reason: 'the run was ended before it ended' },
    ]);
    expect(play.engine.elementStatus(play.state, 'a')).toEqual({ status: 'failed', reason: 'exit code 3' });
  });

  it('comes at once with dismissal, and late news only tells that an attempt is gone', () => {
    const play = given(pair, { x: 1 });
    play.grant('a');
    play.grant('b');
    play.when({ type: 'dismiss-run', by: 'ann' }).then([{ type: 'run.dismissed', data: { by: 'ann' } }]);
    play
      .when({ type: 'finish-step', step: 'a', attempt: 1, executor, outcome: 'success', outputs: { out: 1 } })
      .then([{ type: 'step.stopped', data: { step: 'a', attempt: 1 } }]);
    play.when({ type: 'lose-step', step: 'b', attempt: 1, executor: 'x-2' }).then([]);
    play.when({ type: 'lose-step', step: 'b', attempt: 1, executor }).then([
      { type: 'step.stopped', data: { step: 'b', attempt: 1 } },
      { type: 'run.stopped', data: {} },
    ]);
    expect(play.engine.summary(play.state)).toMatchObject({ phase: 'dismissed', message: 'dismissed by ann' });
  });

  it('leaves nothing to grant or to evaluate', () => {
    const asking = workflow(
      ['x'],
      [step('a', { x: 'x' }), step('b', { x: { valueFrom: '$(1 + 1)' } })],
      {},
      { requirements: [javascript] },
    );
    const play = given(packageOf(asking), { x: 1 });
    expect(play.advance({ type: 'dismiss-run', by: 'ann' }).ready).toMatchObject([{ node: 'a', count: 0 }]);
    expect(play.engine.outstanding(play.state)).toEqual({ evaluations: [], attempts: [], ready: [] });
    expect(play.grant('a')).toEqual([]);
    play.when({ type: 'record-evaluation', key: 'b:value:x', outcome: { value: 2 } }).then([]);
  });

  it('stops at once where nothing runs, also before the start', () => {
    const play = unstarted(pair);
    play.advance({ type: 'accept-run', accepted: acceptedRun({}) });
    play.when({ type: 'dismiss-run', by: 'ann' }).then([
      { type: 'run.dismissed', data: { by: 'ann' } },
      { type: 'run.stopped', data: {} },
    ]);
    play.when({ type: 'start-run' }).then([]);
  });

  it('comes when the run takes longer than its limit', () => {
    const play = given(pair, { x: 1 });
    const { events } = play.advance({ type: 'fire-timer', kind: 'run-limit', key: '' });
    expect(events.map(({ type }) => type)).toEqual(['timer.fired', 'run.finished', 'run.stopped']);
    expect(play.engine.summary(play.state).failure).toEqual({ class: 'time-limit', reason: 'the run took longer than its limit' });
  });

  it('comes when publishing takes longer than its limit, and only while publishing', () => {
    const play = given(chain, { x: 1 });
    play.when({ type: 'fire-timer', kind: 'publish-limit', key: '' }).then([]);
    play.run('a').run('b').advance({ type: 'fire-timer', kind: 'publish-limit', key: '' });
    expect(play.engine.summary(play.state)).toMatchObject({ phase: 'failed', failure: { class: 'infrastructure' } });
  });
});
