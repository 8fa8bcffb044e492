import { describe, expect, it } from '@jest/globals';
import type { Json } from '@runnel/cwl';
import fc from 'fast-check';
import { from, javascript, packageOf, step, workflow } from './spec/documents.ts';
import type { Play } from './spec/given.ts';
import { given } from './spec/given.ts';
import { chooser, storm } from './spec/storm.ts';
import { SnapshotTooNew } from './snapshot.ts';

const inner = workflow(
  ['x', 'all'],
  [step('m', { x: 'x' }, { scatter: ['x'] }), step('n', { x: 'm/out', y: 'all' })],
  { out: 'n/out' },
  { id: 'inner' },
);
const steps = [
  step('a', { x: { source: from('p'), valueFrom: '$(self * 2)' } }, { scatter: ['x'] }),
  step('b', { x: 'a/out', y: 'q' }, { scatter: ['x', 'y'], scatterMethod: 'nested_crossproduct', when: '$(inputs.x > 3)' }),
  step('s', { x: 'r', all: { source: from('a/out', 'q'), linkMerge: 'merge_flattened' } }, { scatter: ['x'], run: 'inner' }),
  step('c', { x: { source: from('b/out', 's/out'), pickValue: 'all_non_null' } }),
];
const outputs = { c: 'c/out', b: 'b/out', s: 's/out' };
const pkg = packageOf(
  workflow(['p', 'q', 'r', { id: 'd', type: 'int', default: 1 }], steps, outputs, { requirements: [javascript] }),
  inner,
);
const inputs = { p: [1, 2, 3], q: ['u', 'v'], r: [[1, 2], [], [3]] };
const start = (): Play => given(pkg, inputs, { window: 2 });

const storms = fc.array(fc.nat(9999), { minLength: 1, maxLength: 60 });
const quietly = (): Play => storm(start(), () => 0, 0);
/** JSON, so that what differs only in how it is kept compares equal. */
const json = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
const shown = (play: Play): unknown => {
  const { version: _version, ...summary } = play.engine.summary(play.state);
  return { ...summary, outputs: play.outputs(), left: play.engine.outstanding(play.state).attempts };
};

describe('news in any order, repeated, late, with lost and failed attempts', () => {
  it('ends as the undisturbed run does', () => {
    const expected = shown(quietly());
    expect(expected).toMatchObject({ phase: 'publishing', left: [] });
    fc.assert(
      fc.property(storms, (numbers) => {
        const play = storm(start(), chooser(numbers), 80);
        expect(shown(play)).toEqual(expected);
        const finished = play.events.flatMap((event) => (event.type === 'step.finished' ? [event.data.step] : []));
        expect(new Set(finished).size).toBe(finished.length);
      }),
      { numRuns: 30 },
    );
  });

  it('is always reproduced by its events alone', () => {
    fc.assert(
      fc.property(storms, (numbers) => {
        const play = storm(start(), chooser(numbers), 40);
        const { engine } = play;
        const again = play.events.reduce((run, event) => engine.evolve(run, event), engine.initialState());
        expect(json(engine.serialize(again))).toEqual(json(engine.serialize(play.state)));
      }),
      { numRuns: 15 },
    );
  });

  it('decides without touching the state', () => {
    const play = start();
    const before = JSON.stringify(play.engine.serialize(play.state));
    play.engine.decide(play.state, { type: 'grant-steps', node: 's[0]/m', executor: 'x-1', count: 2, at: play.state.at });
    play.engine.decide(play.state, { type: 'dismiss-run', by: 'ann', at: play.state.at });
    play.engine.react(play.state);
    play.engine.outstanding(play.state);
    play.engine.summary(play.state);
    expect(JSON.stringify(play.engine.serialize(play.state))).toBe(before);
  });
});

describe('a snapshot', () => {
  it('stands for the events before it, after every event', () => {
    fc.assert(
      fc.property(storms, (numbers) => {
        const { engine, events, state: end } = storm(start(), chooser(numbers), 30);
        const state = engine.initialState();
        const carried = [engine.initialState()];
        for (const [count, event] of events.entries()) {
          engine.evolve(state, event);
          for (const run of carried) engine.evolve(run, event);
          const restored = engine.restore(json(engine.serialize(state)));
          expect(engine.outstanding(restored)).toEqual(engine.outstanding(state));
          expect(json(engine.serialize(restored))).toEqual(json(engine.serialize(state)));
          if (count % 10 === 0) carried.push(restored);
        }
        for (const run of carried) expect(json(engine.serialize(run))).toEqual(json(engine.serialize(end)));
      }),
      { numRuns: 8 },
    );
  });

  it('keeps what was loaded for a workflow input', () => {
    const document = workflow([{ id: 'p', type: 'File', loadContents: true }], [step('a', { x: 'p' })], { y: 'a/out' });
    const play = given(packageOf(document), { p: { class: 'File' } }).answer(':input:p', { class: 'File', contents: '1' });
    const restored = play.engine.restore(play.engine.serialize(play.state));
    play.engine.advance(restored, { type: 'grant-steps', node: 'a', executor: 'x-1', count: 1, at: restored.at });
    expect(play.engine.stepJob(restored, { step: 'a', attempt: 1 }).inputs).toEqual({ x: { class: 'File', contents: '1' } });
  });

  it('is not changed by what happens to the state restored from it', () => {
    const { engine, state } = start();
    const snapshot = engine.serialize(state);
    const before = JSON.stringify(snapshot);
    const run = engine.restore(snapshot);
    engine.advance(run, { type: 'dismiss-run', by: 'ann', at: run.at });
    expect(JSON.stringify(snapshot)).toBe(before);
  });

  it('of a newer release is refused', () => {
    const { engine, state } = start();
    const snapshot = { ...(engine.serialize(state) as { [field: string]: Json }), schema: 2 };
    expect(() => engine.restore(snapshot)).toThrow(SnapshotTooNew);
  });
});

describe('events that do not fit', () => {
  it.each([
    { type: 'step.started' as const, data: { step: 'zzz', attempt: 1, executor: 'x-1' } },
    { type: 'expression.evaluated' as const, data: { key: 'zzz', outcome: { value: 1 } } },
    { type: 'scatter.gathered' as const, data: { node: 'zzz', chunk: 0, key: 'k' } },
  ])('are a bug and say so: $type', (fact) => {
    const { engine, state } = start();
    expect(() => engine.evolve(state, { at: state.at, ...fact })).toThrow('zzz');
  });
});
