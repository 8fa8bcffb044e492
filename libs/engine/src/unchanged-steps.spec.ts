import { describe, expect, it } from '@jest/globals';
import type { CwlPackage } from '@runnel/cwl';
import { packageOf, step, tool, workflow } from './spec/documents.ts';
import type { RunValues } from './types.ts';
import { compareRuns } from './unchanged-steps.ts';

const steps = [step('a', { x: 'x' }), step('b', { x: 'a/out' }, { run: 'other' }), step('c', { x: 'y' })];
const document = (more: { steps?: typeof steps; other?: Parameters<typeof tool>[3] } = {}): CwlPackage =>
  packageOf(
    workflow(['x', 'y'], more.steps ?? steps, { z: 'b/out' }),
    tool('other', ['x'], ['out'], { baseCommand: ['other'], ...more.other }),
  );
const inputs: RunValues = { x: 1, y: 2 };
const compare = (after: CwlPackage, given: RunValues = inputs) => {
  const compared = compareRuns({ package: document(), entry: 'main', inputs }, { package: after, entry: after.main, inputs: given });
  return Object.fromEntries(compared.map(({ step: name, same, why }) => [name, same ?? why]));
};

describe('what a run that goes on repeats', () => {
  it('nothing where nothing was changed, whatever the documents call it', () => {
    expect(compare(document())).toEqual({ a: 'a', b: 'b', c: 'c' });
    expect(compare(document({ other: { doc: 'better explained', label: 'b' } }))).toEqual({ a: 'a', b: 'b', c: 'c' });
  });
  it('a step whose tool was changed, and what depends on it', () => {
    expect(compare(document({ other: { baseCommand: ['false'] } }))).toEqual({ a: 'a', b: 'changed', c: 'c' });
    const edited = [step('a', { x: 'x' }, { run: 'other' }), ...steps.slice(1)];
    expect(compare(document({ steps: edited }))).toEqual({ a: 'changed', b: 'changed', c: 'c' });
  });
  it('what an input that was changed leads to', () => {
    expect(compare(document(), { x: 1, y: 3 })).toEqual({ a: 'a', b: 'b', c: 'changed' });
    expect(compare(document(), { x: 9, y: 2 })).toEqual({ a: 'changed', b: 'changed', c: 'c' });
  });
  it('not a step that has another name now', () => {
    const renamed = [step('first', { x: 'x' }), step('b', { x: 'first/out' }, { run: 'other' }), step('c', { x: 'y' })];
    expect(compare(document({ steps: renamed }))).toEqual({ first: 'a', b: 'b', c: 'c' });
  });
  it.each([
    ['another source', { x: 'y' }, {}],
    ['another expression', { x: { source: [{ port: 'x' }], valueFrom: '$(1)' } }, {}],
    ['a scatter', { x: 'x' }, { scatter: ['x'] }],
    ['a condition', { x: 'x' }, { when: '$(true)' }],
  ])('a step with %s', (_name, into, more) => {
    const edited = [step('a', into, more), ...steps.slice(1)];
    expect(compare(document({ steps: edited }))['b']).toBe('changed');
  });
  it('what is never reused, and what comes after it', () => {
    const fresh = { requirements: [{ class: 'WorkReuse', enableReuse: false }] };
    const before = document({ other: fresh });
    const all = compareRuns({ package: before, entry: 'main', inputs }, { package: before, entry: 'main', inputs });
    expect(all.map(({ step: name, same, why }) => [name, same ?? why])).toEqual([
      ['a', 'a'],
      ['b', 'never-reused'],
      ['c', 'c'],
    ]);
  });
  it('looks into subworkflows', () => {
    const inner = (command: string): CwlPackage =>
      packageOf(
        workflow(['x'], [step('sub', { x: 'x' }, { run: 'inner' })], { z: 'sub/out' }),
        workflow(['x'], [step('p', { x: 'x' }), step('q', { x: 'p/out' }, { run: 'other' })], { out: 'q/out' }, { id: 'inner' }),
        tool('other', ['x'], ['out'], { baseCommand: [command] }),
      );
    const compared = compareRuns({ package: inner('true'), entry: 'main', inputs }, { package: inner('false'), entry: 'main', inputs });
    expect(compared).toEqual([
      { step: 'sub/p', same: 'sub/p' },
      { step: 'sub/q', why: 'changed' },
    ]);
  });
});
