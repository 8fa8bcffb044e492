import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { StepInput } from '@runnel/cwl';
import { from, javascript, packageOf, step, tool, workflow } from './spec/documents.ts';
import type { Play } from './spec/given.ts';
import { given } from './spec/given.ts';
import type { RunValues } from './types.ts';

const stored = (key: string, more: object = {}): { $stored: { key: string } } => ({ $stored: { key, ...more } });

/** A run whose only step has this one input. */
function withInput(input: Omit<StepInput, 'id'>, inputs: RunValues, requirements = [javascript]): Play {
  return given(packageOf(workflow(['p', 'q'], [step('a', { x: input })], { y: 'a/out' }, { requirements })), inputs);
}
const valueOf = (play: Play): unknown => play.grant('a')[0]?.inputs['x'];
const reasonOf = (play: Play): string | undefined => play.engine.summary(play.state).failure?.reason;

describe('sources of a step input', () => {
  it.each<[string, Omit<StepInput, 'id'>, RunValues, unknown]>([
    ['one source is its value', { source: from('p') }, { p: [1] }, [1]],
    ['one source written as a list is not wrapped', { source: from('p'), sourceIsList: true }, { p: 1 }, 1],
    ['one source with merge_nested is wrapped', { source: from('p'), linkMerge: 'merge_nested' }, { p: 1 }, [1]],
    ['several sources are nested by default', { source: from('p', 'q') }, { p: [1], q: 2 }, [[1], 2]],
    [
      'merge_flattened mixes lists and single values',
      { source: from('p', 'q'), linkMerge: 'merge_flattened' },
      { p: [1, [2]], q: 3 },
      [1, [2], 3],
    ],
    ['a default takes the place of null', { source: from('p'), default: 7 }, { p: null }, 7],
    ['a default does not take the place of false', { source: from('p'), default: 7 }, { p: false }, false],
    ['a default stands without a source', { default: 0 }, {}, 0],
    ['no source and no default is null', {}, {}, null],
    ['first_non_null', { source: from('p', 'q'), pickValue: 'first_non_null' }, { p: null, q: 2 }, 2],
    ['the_only_non_null', { source: from('p', 'q'), pickValue: 'the_only_non_null' }, { p: 1, q: null }, 1],
    ['all_non_null', { source: from('p', 'q'), pickValue: 'all_non_null' }, { p: null, q: 2 }, [2]],
    ['all_non_null of nothing', { source: from('p', 'q'), pickValue: 'all_non_null' }, {}, []],
    ['all_non_null of one source that is no list', { source: from('p'), pickValue: 'all_non_null' }, { p: 1 }, [1]],
    ['all_non_null of one source that is null', { source: from('p'), pickValue: 'all_non_null' }, {}, []],
    ['all_non_null over the items of one list', { source: from('p'), pickValue: 'all_non_null' }, { p: [1, null] }, [1]],
    ['a stored value passes unread', { source: from('p', 'q') }, { p: stored('k'), q: 1 }, [stored('k'), 1]],
    [
      'first_non_null knows that a whole stored value is not null',
      { source: from('p', 'q'), pickValue: 'first_non_null' },
      { p: stored('k') },
      stored('k'),
    ],
  ])('%s', (_name, input, inputs, expected) => {
    expect(valueOf(withInput(input, inputs))).toEqual(expected);
  });

  it.each<[string, Omit<StepInput, 'id'>, RunValues, string]>([
    [
      'first_non_null',
      { source: from('p', 'q'), pickValue: 'first_non_null' },
      {},
      'steps.a.in.x: first_non_null found that every source is null',
    ],
    [
      'the_only_non_null',
      { source: from('p', 'q'), pickValue: 'the_only_non_null' },
      {},
      'steps.a.in.x: the_only_non_null found that every source is null',
    ],
    [
      'the_only_non_null of two',
      { source: from('p', 'q'), pickValue: 'the_only_non_null' },
      { p: 1, q: 2 },
      'steps.a.in.x: the_only_non_null found 2 sources that are not null',
    ],
  ])('%s fails where it cannot pick', (_name, input, inputs, reason) => {
    const play = withInput(input, inputs);
    expect(reasonOf(play)).toBe(reason);
    expect(play.engine.summary(play.state).failure?.step).toBe('a');
  });

  it('asks where a stored list has to be read to be flattened', () => {
    const play = withInput({ source: from('p', 'q'), linkMerge: 'merge_flattened' }, { p: stored('k', { length: 9 }), q: 1 });
    const [request] = play.evaluations();
    expect(request).toMatchObject({
      key: 'a:source:x',
      template: '$([].concat.apply([], self))',
      context: { self: [stored('k', { length: 9 }), 1] },
    });
    expect(play.engine.summary(play.state).nodes[0]?.reason).toBe('waits for an expression over its sources');
    play.answer('a:source:x', [1, 2]);
    expect(valueOf(play)).toEqual([1, 2]);
  });

  it('asks whether an element of a stored list is null where a default depends on it', () => {
    const play = withInput({ source: from('p'), default: 7 }, { p: stored('k', { index: 3 }) });
    expect(play.evaluations()).toMatchObject([{ template: '$(self)', context: { self: stored('k', { index: 3 }) } }]);
    play.answer('a:source:x', null);
    expect(valueOf(play)).toBe(7);
  });
});

describe('the expressions that pick from stored lists', () => {
  const evaluated = (pickValue: NonNullable<StepInput['pickValue']>, self: unknown): unknown => {
    const play = withInput({ source: from('p'), pickValue }, { p: stored('k', { length: 3 }) });
    const template = play.evaluations()[0]?.template ?? '';
    const text: unknown = runInNewContext(`JSON.stringify((function () {${template.slice(2, -1)}})())`, { self });
    return JSON.parse(String(text));
  };
  it('do what pickValue says', () => {
    expect(evaluated('all_non_null', [1, null, 0])).toEqual([1, 0]);
    expect(evaluated('first_non_null', [null, 0, 1])).toBe(0);
    expect(evaluated('the_only_non_null', [null, 0])).toBe(0);
    expect(evaluated('first_non_null', 'no list')).toBe('no list');
    expect(evaluated('all_non_null', 'no list')).toEqual(['no list']);
    expect(evaluated('all_non_null', null)).toEqual([]);
    expect(() => evaluated('the_only_non_null', [1, 0])).toThrow('the_only_non_null found 2 sources that are not null');
    expect(() => evaluated('first_non_null', [null])).toThrow('first_non_null found that every source is null');
  });
});

describe('valueFrom', () => {
  it('is a constant, also without a source', () => {
    expect(valueOf(withInput({ valueFrom: 'hello' }, {}))).toBe('hello');
  });

  it('evaluates parameter references at once and asks for JavaScript', () => {
    expect(valueOf(withInput({ source: from('p'), valueFrom: 'a $(self.b)' }, { p: { b: 1 } }))).toBe('a 1');
    const play = withInput({ source: from('p'), valueFrom: '$(self + 1)' }, { p: 1 });
    expect(play.evaluations()).toEqual([
      {
        key: 'a:value:x',
        template: '$(self + 1)',
        context: { inputs: { x: 1 }, self: 1 },
        path: 'steps.a.in.x',
        cwlVersion: 'v1.2',
        javascript: true,
        library: [],
        selfInput: 'x',
        seed: '01936d2e-7c1a-7000-8000-000000000001/a:value:x',
        acceptedAt: '2026-11-21T12:00:00.000Z',
      },
    ]);
    play
      .when({ type: 'record-evaluation', key: 'a:value:x', outcome: { value: 2 } })
      .then([{ type: 'expression.evaluated', data: { key: 'a:value:x', outcome: { value: 2 } } }]);
    play.when({ type: 'record-evaluation', key: 'a:value:x', outcome: { value: 3 } }).then([]);
    expect(valueOf(play)).toBe(2);
  });

  it('fails the run where an expression fails, naming the step', () => {
    const play = withInput({ valueFrom: '$(inputs.nothing.here)' }, {}, []);
    expect(play.engine.summary(play.state)).toMatchObject({ phase: 'failed', failure: { class: 'expression', step: 'a' } });
    expect(reasonOf(play)).toContain('steps.a.in.x');
    const asked = withInput({ valueFrom: '$(boom())' }, {});
    asked.advance({ type: 'record-evaluation', key: 'a:value:x', outcome: { failure: { class: 'expression', reason: 'boom' } } });
    expect(asked.engine.summary(asked.state)).toMatchObject({ phase: 'failed', message: 'a: boom' });
  });

  it('does not run JavaScript that nobody declared', () => {
    expect(reasonOf(withInput({ valueFrom: '$(self + 1)' }, {}, []))).toContain('InlineJavascriptRequirement');
  });

  it('carries the expression library in force', () => {
    const play = withInput({ valueFrom: '$(f())' }, {}, [{ class: 'InlineJavascriptRequirement', expressionLib: ['var f'] }]);
    expect(play.evaluations()[0]?.library).toEqual(['var f']);
  });

  it('sees the other inputs as they were before any valueFrom, and defaults of the process', () => {
    const ports = { x: { source: from('p'), valueFrom: '$(inputs.z)' }, z: { source: from('q'), valueFrom: 'changed' }, d: {} };
    const own = tool('tool', ['x', 'z'], ['out'], { inputs: [...tool('t', ['x', 'z']).inputs, { id: 'd', type: 'Any', default: 4 }] });
    const steps = [step('a', { ...ports, w: { valueFrom: '$(inputs.d)' } })];
    const play = given(packageOf(workflow(['p', 'q'], steps, {}), own), { p: 1, q: 'before' });
    expect(play.grant('a')[0]?.inputs).toEqual({ x: 'before', z: 'changed', d: 4 });
  });

  it('asks where a reference leads into a stored value, and passes a whole one on', () => {
    expect(valueOf(withInput({ source: from('p'), valueFrom: '$(self)' }, { p: stored('k') }))).toEqual(stored('k'));
    expect(withInput({ source: from('p'), valueFrom: '$(self.name)' }, { p: stored('k') }).evaluations()).toHaveLength(1);
    expect(withInput({ source: from('p'), valueFrom: 'text $(inputs.x)' }, { p: [stored('k')] }).evaluations()).toHaveLength(1);
  });
});

describe('loadContents and loadListing', () => {
  const file = { class: 'File', location: 'l' };

  it('are asked for where an expression sees the file', () => {
    const play = withInput({ source: from('p'), valueFrom: '$(self.contents)', loadContents: true }, { p: file });
    expect(play.evaluations()).toMatchObject([{ template: '$(self.contents)', load: { x: { contents: true } }, selfInput: 'x' }]);
    play.answer('a:value:x', '42');
    expect(valueOf(play)).toBe('42');
  });

  it('are asked for where the tool sees the file', () => {
    const play = withInput({ source: from('p'), loadListing: 'deep_listing' }, { p: { class: 'Directory' } });
    expect(play.evaluations()).toMatchObject([{ template: '$(self)', load: { x: { listing: 'deep_listing' } } }]);
  });

  it('are not asked for where there is no file', () => {
    expect(valueOf(withInput({ source: from('p'), loadContents: true }, {}))).toBeNull();
    expect(valueOf(withInput({ source: from('p'), loadListing: 'no_listing' }, { p: file }))).toEqual(file);
  });

  it('of a workflow input are asked for before any step', () => {
    const document = workflow([{ id: 'p', type: 'File', loadContents: true }], [step('a', { x: 'p' })], { y: 'a/out' });
    const play = given(packageOf(document), { p: file });
    expect(play.evaluations()).toMatchObject([{ key: ':input:p', load: { p: { contents: true } }, selfInput: 'p' }]);
    expect(play.engine.summary(play.state).nodes[0]).toMatchObject({ status: 'waiting', reason: 'waits for the inputs of the workflow' });
    play.answer(':input:p', { ...file, contents: '1' });
    expect(valueOf(play)).toEqual({ ...file, contents: '1' });
  });
});

describe('when', () => {
  const conditional = (when: string): Play =>
    given(
      packageOf(
        workflow(['p'], [step('a', { x: 'p' }, { when }), step('b', { x: 'a/out' })], { y: 'b/out' }, { requirements: [javascript] }),
      ),
      { p: false },
    );

  it('false gives null outputs, and what follows goes on', () => {
    const play = conditional('$(inputs.x)');
    expect(play.engine.summary(play.state).nodes[0]).toEqual({ node: 'a', status: 'skipped', total: 1, finished: 1, running: 0 });
    expect(play.engine.elementStatus(play.state, 'a')).toEqual({ status: 'skipped' });
    expect(play.grant('b')[0]?.inputs).toEqual({ x: null });
  });

  it('is asked where it needs JavaScript', () => {
    const play = conditional('$(inputs.x === false)');
    expect(play.evaluations()).toMatchObject([{ key: 'a:when', path: 'steps.a.when' }]);
    expect(play.engine.elementStatus(play.state, 'a')).toEqual({ status: 'waiting', attempt: 1, reason: 'waits for an expression' });
    play.answer('a:when', true);
    expect(valueOf(play)).toBe(false);
  });

  it('must be true or false', () => {
    const play = conditional('$(1)');
    play.answer('a:when', 1);
    expect(reasonOf(play)).toBe('when must give true or false, but gave 1');
  });

  it('comes after valueFrom', () => {
    const document = workflow(
      ['p'],
      [step('a', { x: { valueFrom: '$(2 + 3)' } }, { when: '$(inputs.x)' })],
      {},
      { requirements: [javascript] },
    );
    const play = given(packageOf(document), {});
    expect(play.evaluations().map(({ key }) => key)).toEqual(['a:value:x']);
    play.answer('a:value:x', false);
    expect(play.engine.elementStatus(play.state, 'a')).toEqual({ status: 'skipped' });
  });
});

describe('workflow outputs', () => {
  it('merge and pick as step inputs do', () => {
    const skip = step('s', { x: 'p' }, { when: '$(inputs.x)' });
    const outputs = {
      all: { outputSource: from('s/out', 'a/out'), pickValue: 'all_non_null' as const },
      flat: { outputSource: from('p', 'a/out'), linkMerge: 'merge_flattened' as const },
      input: 'p',
    };
    const play = given(packageOf(workflow(['p'], [step('a', { x: 'p' }), skip], outputs)), { p: false }).run('a', () => ({ out: [1, 2] }));
    expect(play.outputs()).toEqual({ all: [[1, 2]], flat: [false, 1, 2], input: false });
  });

  it('fail the run where nothing can be picked', () => {
    const outputs = { y: { outputSource: from('p', 'q'), pickValue: 'first_non_null' as const } };
    expect(reasonOf(given(packageOf(workflow(['p', 'q'], [], outputs)), {}))).toBe(
      'outputs.y: first_non_null found that every source is null',
    );
  });

  it('are asked for where a stored list has to be read', () => {
    const outputs = { y: { outputSource: from('p'), pickValue: 'all_non_null' as const } };
    const play = given(packageOf(workflow(['p'], [], outputs)), { p: stored('k', { length: 2 }) });
    expect(play.evaluations().map(({ key }) => key)).toEqual([':output:y']);
    play.answer(':output:y', [1]);
    expect(play.outputs()).toEqual({ y: [1] });
  });
});
