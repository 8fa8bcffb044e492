import { describe, expect, it } from '@jest/globals';
import { packageOf, step, tool, workflow } from './spec/documents.ts';
import { acceptedRun, at, given, unstarted } from './spec/given.ts';

const chain = packageOf(workflow(['x'], [step('a', { x: 'x' }), step('b', { x: 'a/out' })], { y: 'b/out' }));
const executor = 'x-1';
const requested = { type: 'grant-steps', node: 'a', executor, count: 1 } as const;
const failed = { type: 'finish-step', step: 'a', attempt: 1, executor, outcome: 'failed', outputs: {} } as const;

describe('a chain of steps', () => {
  it('is accepted once and started once', () => {
    const play = unstarted(chain);
    const accepted = acceptedRun({ x: 1 });
    play.when({ type: 'start-run' }).then([]);
    play.when({ type: 'accept-run', accepted }).then([{ type: 'run.accepted', data: accepted }]);
    play.when({ type: 'accept-run', accepted }).then([]);
    play.when({ type: 'start-run' }).then([{ type: 'run.started', data: { window: 64 } }]);
    play.when({ type: 'start-run' }).then([]);
  });

  it('has its first step ready, and the next when that has ended', () => {
    const play = given(chain, { x: 1 });
    expect(play.engine.outstanding(play.state).ready).toEqual([
      { node: 'a', count: 1, resources: { cores: 1, memoryMiB: 256 }, since: at },
    ]);
    play.when(requested).then([{ type: 'step.requested', data: { step: 'a', attempt: 1, executor } }]);
    expect(play.engine.outstanding(play.state).ready).toEqual([]);
    play
      .when({ type: 'start-step', step: 'a', attempt: 1, executor })
      .then([{ type: 'step.started', data: { step: 'a', attempt: 1, executor } }]);
    const finish = { type: 'finish-step', step: 'a', attempt: 1, executor, outcome: 'success', outputs: { out: 2 }, result: 'k' } as const;
    const { events, ready } = play.advance(finish);
    expect(events).toEqual([
      { at, type: 'step.finished', data: { step: 'a', attempt: 1, outcome: 'success', outputs: { out: 2 }, result: 'k' } },
    ]);
    expect(ready.map(({ node, count }) => [node, count])).toEqual([['b', 1]]);
    expect(play.grant('b')).toEqual([
      {
        step: 'b',
        attempt: 1,
        process: { digest: 'a'.repeat(64), id: 'tool' },
        inputs: { x: 2 },
        requirements: [],
        hints: [],
        acceptedAt: at,
      },
    ]);
  });

  it('announces its outputs, and is successful when they are published', () => {
    const play = given(chain, { x: 1 })
      .run('a')
      .run('b', () => ({ out: 'done' }));
    expect(play.outputs()).toEqual({ y: 'done' });
    expect(play.engine.summary(play.state)).toMatchObject({ phase: 'publishing', progress: 99 });
    expect(play.engine.outstanding(play.state).publishing).toEqual({ y: 'done' });
    play
      .when({ type: 'publish-results', document: 'd.json' })
      .then([{ type: 'run.finished', data: { status: 'successful', message: 'finished', document: 'd.json' } }]);
    expect(play.engine.summary(play.state)).toMatchObject({ phase: 'successful', progress: 100, message: 'finished' });
    play.when({ type: 'publish-results', document: 'd.json' }).then([]);
  });

  it('is successful without a document, where its results are values', () => {
    given(chain, { x: 1 })
      .run('a')
      .run('b')
      .when({ type: 'publish-results' })
      .then([{ type: 'run.finished', data: { status: 'successful', message: 'finished' } }]);
  });

  it('fails when its results are refused', () => {
    const play = given(chain, { x: 1 }).run('a').run('b');
    const message = 'the results were refused: no item';
    play.when({ type: 'refuse-results', reason: 'no item' }).then([
      { type: 'run.finished', data: { status: 'failed', message, failure: { class: 'outputs', reason: message } } },
      { type: 'run.stopped', data: {} },
    ]);
  });

  it('fails at once for a node that is refused, while it waits', () => {
    const play = given(chain, { x: 1 });
    play.when({ type: 'refuse-node', node: 'b', reason: 'it does not wait' }).then([]);
    const failure = { class: 'quota', reason: 'needs 8 cores, the quota of its workspace is 4' };
    play.when({ type: 'refuse-node', node: 'a', reason: failure.reason }).then([
      { type: 'node.refused', data: { node: 'a', reason: failure.reason } },
      { type: 'run.finished', data: { status: 'failed', message: `a: ${failure.reason}`, failure: { ...failure, step: 'a' } } },
      { type: 'run.stopped', data: {} },
    ]);
    play.when({ type: 'refuse-node', node: 'a', reason: failure.reason }).then([]);
  });

  it('grants no more than are ready, and nothing twice', () => {
    const play = given(chain, { x: 1 });
    expect(play.grant('a', 5)).toHaveLength(1);
    expect(play.grant('a', 5)).toEqual([]);
    expect(play.grant('b', 5)).toEqual([]);
    expect(play.grant('nobody', 5)).toEqual([]);
  });

  it('takes news of an attempt that is not current for old', () => {
    const play = given(chain, { x: 1 });
    const finish = { type: 'finish-step', step: 'a', executor, outcome: 'success', outputs: {} } as const;
    play.when({ ...finish, attempt: 1 }).then([]);
    play.grant('a');
    play.when({ ...finish, attempt: 2 }).then([]);
    play.when({ type: 'start-step', step: 'b', attempt: 1, executor }).then([]);
    play.finish('a', { out: 1 });
    play.when({ ...finish, attempt: 1 }).then([]);
    play.when({ type: 'start-step', step: 'a', attempt: 1, executor }).then([]);
    play.when({ type: 'confirm-stopped', step: 'a', attempt: 1, executor }).then([]);
  });

  it('lets another executor adopt an attempt', () => {
    const play = given(chain, { x: 1 });
    play.grant('a');
    play.advance({ type: 'start-step', step: 'a', attempt: 1, executor });
    play.when({ type: 'start-step', step: 'a', attempt: 1, executor }).then([]);
    play.advance({ type: 'start-step', step: 'a', attempt: 1, executor: 'x-2' });
    play.when({ type: 'lose-step', step: 'a', attempt: 1, executor }).then([]);
    expect(play.engine.outstanding(play.state).attempts).toEqual([{ step: 'a', attempt: 1, executor: 'x-2', state: 'started', since: at }]);
  });
});

describe('retries', () => {
  const failure = { class: 'infrastructure', reason: 'the disk was away' };
  const dueAt = ['2026-11-21T12:00:01.000Z', '2026-11-21T12:00:05.000Z', '2026-11-21T12:00:25.000Z'];

  it('tries an infrastructure fault again after a wait', () => {
    const play = given(chain, { x: 1 });
    play.grant('a');
    play.when({ ...failed, failure }).then([{ type: 'step.retry-scheduled', data: { step: 'a', attempt: 1, dueAt: dueAt[0]!, failure } }]);
    expect(play.engine.summary(play.state).nodes[0]?.reason).toBe(
      'waits to be tried again at 2026-11-21T12:00:01.000Z (the disk was away)',
    );
    expect(play.grant('a')).toEqual([]);
    play.when({ type: 'fire-timer', kind: 'retry', key: 'a' }).then([{ type: 'timer.fired', data: { kind: 'retry', key: 'a' } }]);
    play.when({ type: 'fire-timer', kind: 'retry', key: 'a' }).then([]);
    expect(play.grant('a')).toMatchObject([{ step: 'a', attempt: 2 }]);
  });

  it('gives up after three retries', () => {
    const play = given(chain, { x: 1 });
    for (const [place, due] of dueAt.entries()) {
      play.grant('a');
      const ref = { step: 'a', attempt: place + 1 };
      play.when({ ...failed, ...ref, failure }).then([{ type: 'step.retry-scheduled', data: { ...ref, dueAt: due, failure } }]);
      play.advance({ type: 'fire-timer', kind: 'retry', key: 'a' });
    }
    play.grant('a');
    const { events } = play.advance({ ...failed, attempt: 4, failure });
    expect(events.map(({ type }) => type)).toEqual(['step.finished', 'run.finished', 'run.stopped']);
  });

  it('counts a lost executor as a fault, but only the one that has the attempt', () => {
    const play = given(chain, { x: 1 });
    play.grant('a');
    play.when({ type: 'lose-step', step: 'a', attempt: 1, executor: 'x-2' }).then([]);
    const lost = { class: 'executor-lost', reason: 'the executor x-1 was lost' };
    play
      .when({ type: 'lose-step', step: 'a', attempt: 1, executor })
      .then([{ type: 'step.retry-scheduled', data: { step: 'a', attempt: 1, dueAt: dueAt[0]!, failure: lost } }]);
  });

  it('takes a step back that could not be started, without counting a failure', () => {
    const play = given(chain, { x: 1 });
    for (let attempt = 1; attempt < 9; attempt++) {
      play.grant('a');
      const ref = { step: 'a', attempt };
      play
        .when({ type: 'hand-back-step', ...ref, executor, reason: 'it shuts down' })
        .then([{ type: 'step.handed-back', data: { ...ref, reason: 'it shuts down' } }]);
    }
    expect(play.engine.elementStatus(play.state, 'a')).toEqual({ status: 'ready', attempt: 9, reason: 'waits for a slot (it shuts down)' });
    play.grant('a');
    play.advance({ ...failed, attempt: 9, failure });
    expect(play.events.at(-1)?.type).toBe('step.retry-scheduled');
  });
});

describe('other entries', () => {
  it('runs a tool by itself as a workflow of one step', () => {
    const play = given(packageOf(tool('main/tile/run', ['a', 'b'], ['o', 'p'])), { a: 1, c: 3 });
    expect(play.engine.summary(play.state).nodes.map(({ node }) => node)).toEqual(['run']);
    expect(play.grant('run')[0]?.inputs).toEqual({ a: 1, b: null });
    play.finish('run', { o: 'x', extra: 1 });
    expect(play.outputs()).toEqual({ o: 'x', p: null });
  });

  it('is done at once where there are no steps', () => {
    const play = given(packageOf(workflow(['x'], [], { y: 'x' })), { x: 5 });
    expect(play.outputs()).toEqual({ y: 5 });
  });

  it('hands down requirements, and passes to the process only what it declares', () => {
    const inner = workflow(
      ['x'],
      [step('b', { x: 'x', extra: 'x' }, { requirements: [{ class: 'C' }] })],
      { out: 'b/out' },
      {
        id: 'inner',
        requirements: [{ class: 'B' }],
        hints: [{ class: 'H' }],
      },
    );
    const outer = workflow(
      ['x'],
      [step('a', { x: 'x' }, { run: 'inner', requirements: [{ class: 'A2' }] })],
      { y: 'a/out' },
      { requirements: [{ class: 'A' }] },
    );
    const play = given(packageOf(outer, inner), { x: 1 });
    const [job] = play.grant('a/b');
    expect(job?.requirements.map((requirement) => requirement.class)).toEqual(['A', 'A2', 'B', 'C']);
    expect(job?.hints).toEqual([{ class: 'H' }]);
    expect(job?.inputs).toEqual({ x: 1 });
    expect(play.engine.summary(play.state).nodes.map(({ node, status }) => [node, status])).toEqual([
      ['a', 'running'],
      ['a/b', 'running'],
    ]);
    play.finish('a/b', { out: 2 });
    expect(play.outputs()).toEqual({ y: 2 });
  });

  it('says what resources a node needs, nearest requirement first', () => {
    const sized = tool('tool', ['x'], ['out'], { hints: [{ class: 'ResourceRequirement', coresMin: 8, ramMin: 9 }] });
    const steps = [
      step('a', { x: 'x' }, { requirements: [{ class: 'ResourceRequirement', coresMin: 2, ramMax: 512 }] }),
      step('b', { x: 'x' }),
    ];
    const play = given(packageOf(workflow(['x'], steps, {}), sized), { x: 1 });
    expect(play.engine.outstanding(play.state).ready.map(({ resources }) => resources)).toEqual([
      { cores: 2, memoryMiB: 512 },
      { cores: 8, memoryMiB: 9 },
    ]);
  });
});
