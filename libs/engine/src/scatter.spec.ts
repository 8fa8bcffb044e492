import { describe, expect, it } from '@jest/globals';
import type { Json, ScatterMethod, WorkflowStep } from '@runnel/cwl';
import { from, javascript, packageOf, step, tool, workflow } from './spec/documents.ts';
import type { Play } from './spec/given.ts';
import { given } from './spec/given.ts';
import type { RunValue, RunValues } from './types.ts';
import { resolveValue } from './values.ts';

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value));
const pairTool = tool('tool', ['p', 'q']);
const joined = (play: Play): RunValue =>
  play.run('a', (job) => ({ out: `${text(job.inputs['p'])}${text(job.inputs['q'])}` })).outputs()?.['y'] ?? null;

function scattered(scatterMethod: ScatterMethod, inputs: RunValues, more: Partial<WorkflowStep> = {}): Play {
  const wide = step('a', { p: 'p', q: 'q' }, { scatter: ['p', 'q'], scatterMethod, ...more });
  return given(packageOf(workflow(['p', 'q'], [wide], { y: 'a/out' }, { requirements: [javascript] }), pairTool), inputs);
}

const single = (inputs: RunValues, more: Partial<WorkflowStep> = {}, window = 64): Play =>
  given(
    packageOf(workflow(['p'], [step('a', { x: 'p' }, { scatter: ['x'], ...more })], { y: 'a/out' }, { requirements: [javascript] })),
    inputs,
    { window },
  );

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const failureOf = (play: Play): string | undefined => play.engine.summary(play.state).failure?.reason;

describe('scatter methods', () => {
  it.each<[ScatterMethod, RunValues, RunValue]>([
    ['dotproduct', { p: ['a', 'b'], q: [1, 2] }, ['a1', 'b2']],
    ['dotproduct', { p: [], q: [] }, []],
    ['flat_crossproduct', { p: ['a', 'b'], q: [1, 2, 3] }, ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']],
    ['flat_crossproduct', { p: ['a', 'b'], q: [] }, []],
    [
      'nested_crossproduct',
      { p: ['a', 'b'], q: [1, 2, 3] },
      [
        ['a1', 'a2', 'a3'],
        ['b1', 'b2', 'b3'],
      ],
    ],
    ['nested_crossproduct', { p: ['a', 'b'], q: [] }, [[], []]],
    ['nested_crossproduct', { p: [], q: [1, 2] }, []],
  ])('%s of %j gives %j', (method, inputs, expected) => {
    expect(joined(scattered(method, inputs))).toEqual(expected);
  });

  it('names elements by their place: nested ones by two indices', () => {
    const names = (method: ScatterMethod): string[] =>
      scattered(method, { p: ['a', 'b'], q: [1, 2] })
        .grant('a', 9)
        .map((job) => job.step);
    expect(names('dotproduct')).toEqual(['a[0]', 'a[1]']);
    expect(names('flat_crossproduct')).toEqual(['a[0]', 'a[1]', 'a[2]', 'a[3]']);
    expect(names('nested_crossproduct')).toEqual(['a[0][0]', 'a[0][1]', 'a[1][0]', 'a[1][1]']);
  });

  it('fails where lists of a dotproduct differ in length, with the figures', () => {
    expect(failureOf(scattered('dotproduct', { p: [1], q: [1, 2] }))).toBe('dotproduct needs lists of one length: p has 1, q has 2');
  });

  it('fails where a value is no list', () => {
    expect(failureOf(single({ p: 'no' }))).toBe('it is scattered over x, whose value is the string "no" and not a list');
    expect(failureOf(single({}))).toBe('it is scattered over x, whose value is null and not a list');
  });

  it('does not take the default of one item for the list', () => {
    const defaulted = tool('tool', [], ['out'], { inputs: [{ id: 'x', type: 'Any', default: [7] }] });
    const play = given(packageOf(workflow(['p'], [step('a', { x: 'p' }, { scatter: ['x'] })], {}), defaulted), {});
    expect(failureOf(play)).toContain('whose value is null');
  });

  it('refuses a scatter beyond the limit instead of drowning in it', () => {
    const play = scattered('flat_crossproduct', {
      p: { $stored: { key: 'k', length: 100_000 } },
      q: { $stored: { key: 'l', length: 100_000 } },
    });
    expect(failureOf(play)).toBe('the scatter has 10000000000 elements; the limit of one scatter is 500000');
  });
});

describe('elements', () => {
  it('see the item and the other inputs before valueFrom, and have valueFrom applied after scatter', () => {
    const ports = {
      x: { source: from('p'), valueFrom: '$(self.name)' },
      all: { source: from('p'), valueFrom: '$(self[1].name)' },
      other: { valueFrom: '$(inputs.x.name) $(inputs.all[0].name)' },
      constant: { valueFrom: 'hi' },
    };
    const document = workflow(['p'], [step('a', ports, { scatter: ['x'] })], { y: 'a/out' });
    const play = given(packageOf(document, tool('tool', ['x', 'all', 'other', 'constant'])), { p: [{ name: 'm' }, { name: 'n' }] });
    expect(play.grant('a', 2).map((job) => job.inputs)).toEqual([
      { x: 'm', all: 'n', other: 'm m', constant: 'hi' },
      { x: 'n', all: 'n', other: 'n m', constant: 'hi' },
    ]);
  });

  it('ask for their own values, and start as these come', () => {
    const ports = { x: { source: from('p'), valueFrom: '$(self * 2)' } };
    const document = workflow(['p'], [step('a', ports, { scatter: ['x'] })], { y: 'a/out' }, { requirements: [javascript] });
    const play = given(packageOf(document), { p: [1, 2] });
    expect(play.evaluations().map(({ key, context }) => [key, context.self])).toEqual([
      ['a[0]:value:x', 1],
      ['a[1]:value:x', 2],
    ]);
    play.answer('a[1]:value:x', 4);
    expect(play.grant('a', 9).map((job) => [job.step, job.inputs])).toEqual([['a[1]', { x: 4 }]]);
  });

  it('that `when` skips leave null in their place', () => {
    const play = single({ p: [true, false, true] }, { when: '$(inputs.x)' }).run('a', () => ({ out: 1 }));
    expect(play.outputs()).toEqual({ y: [1, null, 1] });
    expect(['a[0]', 'a[1]'].map((path) => play.engine.elementStatus(play.state, path)?.status)).toEqual(['successful', 'skipped']);
  });

  it('are all skipped: the node shows it', () => {
    const play = single({ p: [false, false] }, { when: '$(inputs.x)' });
    expect(play.outputs()).toEqual({ y: [null, null] });
    expect(play.engine.summary(play.state).nodes[0]).toMatchObject({ status: 'skipped', total: 2, finished: 2 });
  });

  it('may end in any order', () => {
    const play = single({ p: [1, 2, 3] });
    play.grant('a', 3);
    for (const index of [2, 0, 1]) play.finish(`a[${index}]`, { out: index });
    expect(play.outputs()).toEqual({ y: [0, 1, 2] });
  });

  it('that fail are tried again without the others noticing', () => {
    const play = single({ p: [1, 2] });
    play.grant('a', 2);
    const failure = { class: 'staging', reason: 'away' };
    play.advance({ type: 'finish-step', step: 'a[1]', attempt: 1, executor: 'x-1', outcome: 'failed', outputs: {}, failure });
    play.finish('a[0]', { out: 1 });
    expect(play.engine.elementStatus(play.state, 'a[1]')).toMatchObject({ status: 'waiting', attempt: 2 });
    play.advance({ type: 'fire-timer', kind: 'retry', key: 'a[1]' });
    expect(play.run('a').outputs()).toEqual({ y: [1, 2] });
  });

  it('outside of the scatter are unknown', () => {
    const play = single({ p: [1, 2] });
    for (const path of ['a', 'a[2]', 'a[0][0]', 'b[0]', 'a[0]/b']) expect(play.engine.elementStatus(play.state, path)).toBeUndefined();
  });
});

describe('the window', () => {
  it('holds back elements, and says so', () => {
    const play = single({ p: range(10) }, {}, 4);
    expect(play.engine.outstanding(play.state).ready).toMatchObject([{ node: 'a', count: 4 }]);
    expect(play.grant('a', 99)).toHaveLength(4);
    expect(play.engine.summary(play.state).nodes[0]).toMatchObject({
      status: 'running',
      total: 10,
      finished: 0,
      running: 4,
      reason: '6 not yet in the window of 4',
    });
    expect(play.engine.elementStatus(play.state, 'a[9]')).toEqual({ status: 'waiting', reason: '6 not yet in the window of 4' });
    play.finish('a[2]');
    expect(play.grant('a', 99).map((job) => job.step)).toEqual(['a[4]']);
  });

  it('is what it was when the run started, whatever the engine is given later', () => {
    const pkg = packageOf(workflow(['p'], [step('a', { x: 'p' }, { scatter: ['x'] })], { y: 'a/out' }));
    const early = given(pkg, { p: range(10) }, { window: 8 });
    early.grant('a', 8);
    const late = given(pkg, {}, { window: 2 });
    const state = early.events.reduce((run, event) => late.engine.evolve(run, event), late.engine.initialState());
    expect(late.engine.serialize(state)).toEqual(early.engine.serialize(early.state));
  });
});

describe('large scatters', () => {
  const play = single({ p: { $stored: { key: 'input', length: 2500 } } }).run('a', (job) => ({ out: [job.step] }));
  const read = async (key: string): Promise<Json> => play.objects.get(key) ?? null;

  it('gather their outputs by the thousand', () => {
    expect(play.events.filter(({ type }) => type === 'scatter.gathered').map(({ data }) => data)).toEqual(
      range(3).map((chunk) => ({ node: 'a', chunk, key: `demo/values/01936d2e-7c1a-7000-8000-000000000001/a/${chunk}.json` })),
    );
    expect([...play.objects.values()].map((content) => content.length)).toEqual([1000, 1000, 500]);
    expect(play.objects.values().next().value?.[999]).toEqual({ out: ['a[999]'] });
  });

  it('give a reference that resolves to the whole list', async () => {
    expect(play.outputs()).toEqual({
      y: { $chunks: { keys: [...play.objects.keys()], size: 1000, offset: 0, output: 'out', shape: [2500] } },
    });
    const list = await resolveValue(play.outputs()?.['y'] ?? null, read);
    expect(list).toEqual(range(2500).map((index) => [`a[${index}]`]));
  });

  it('hand an element of a stored list on as a reference', () => {
    expect(single({ p: { $stored: { key: 'input', length: 2500 } } }).grant('a', 1)[0]?.inputs).toEqual({
      x: { $stored: { key: 'input', index: 0 } },
    });
  });

  it('are scattered again by reference', async () => {
    const steps = [step('a', { x: 'p' }, { scatter: ['x'] }), step('b', { x: 'a/out' }, { scatter: ['x'] })];
    const two = given(packageOf(workflow(['p'], steps, { y: 'b/out' })), { p: range(1500) }, { window: 1000 }).run('a');
    expect(two.grant('b', 1000).at(-1)).toMatchObject({ step: 'b[999]', inputs: { x: { $stored: { index: 999, output: 'out' } } } });
    for (const index of range(1000)) two.finish(`b[${index}]`);
    const job = two.grant('b', 500).at(-1);
    expect(await resolveValue(job?.inputs['x'] ?? null, async (key) => two.objects.get(key) ?? null)).toBe(1499);
  });

  it('of nested_crossproduct resolve to nested lists, whose rows are references too', async () => {
    const numbers = { p: range(30), q: range(50) };
    const wide = step('a', { p: 'p', q: 'q' }, { scatter: ['p', 'q'], scatterMethod: 'nested_crossproduct' });
    const rows = step('b', { x: 'a/out' }, { scatter: ['x'], run: 'rows' });
    const two = given(packageOf(workflow(['p', 'q'], [wide, rows], {}), pairTool, tool('rows')), numbers).run('a', (job) => ({
      out: job.step,
    }));
    const jobs = two.grant('b', 30);
    expect(jobs).toHaveLength(30);
    const readTwo = async (key: string): Promise<Json> => two.objects.get(key) ?? null;
    const values = await Promise.all(jobs.map((job) => resolveValue(job.inputs['x'] ?? null, readTwo)));
    expect(values).toEqual(range(30).map((row) => range(50).map((column) => `a[${row}][${column}]`)));
    expect(jobs[29]?.inputs['x']).toMatchObject({ $chunks: { offset: 450, shape: [50] } });
    expect(jobs[19]?.inputs['x']).toMatchObject({ $chunks: { keys: [expect.stringContaining('/a/0.json')] } });
  });

  it('that skip everything end, a chunk at a time', async () => {
    const all = single({ p: range(2500).map(() => false) }, { when: '$(inputs.x)' });
    const list = await resolveValue(all.outputs()?.['y'] ?? null, async (key) => all.objects.get(key) ?? null);
    expect(list).toEqual(range(2500).map(() => null));
    expect(all.engine.summary(all.state).nodes[0]).toMatchObject({ status: 'skipped', total: 2500 });
  });

  it('whose length nobody knows is asked for first', () => {
    const unknown = single({ p: { $stored: { key: 'k', index: 4 } } });
    expect(unknown.evaluations()).toMatchObject([
      { key: 'a:source:x', template: '$(self)', context: { self: { $stored: { key: 'k', index: 4 } } } },
    ]);
    unknown.answer('a:source:x', { $stored: { key: 'new', length: 2 } });
    expect(unknown.grant('a', 9).map((job) => job.inputs['x'])).toEqual([
      { $stored: { key: 'new', index: 0 } },
      { $stored: { key: 'new', index: 1 } },
    ]);
    const still = single({ p: { $stored: { key: 'k' } } });
    still.answer('a:source:x', { $stored: { key: 'k' } });
    expect(failureOf(still)).toContain('not a list');
  });
});

describe('scattered subworkflows', () => {
  const inner = workflow(
    ['x', { id: 'factor', type: ['null', 'Any'] }],
    [step('m', { x: 'x' }), step('n', { x: 'm/out', f: 'factor' })],
    { out: 'n/out' },
    { id: 'inner' },
  );
  const pkg = packageOf(workflow(['p'], [step('s', { x: 'p' }, { scatter: ['x'], run: 'inner' })], { y: 's/out' }), inner);

  it('have one instance per element inside of the window, gone when it has ended', () => {
    const play = given(pkg, { p: [10, 20, 30] }, { window: 2 });
    expect([...play.engine.outstanding(play.state).ready].map(({ node }) => node)).toEqual(['s[0]/m', 's[1]/m']);
    expect(play.engine.nodeStatuses(play.state, 's[0]').map(({ node, status, reason }) => [node, status, reason])).toEqual([
      ['s[0]/m', 'ready', 'waits for a slot'],
      ['s[0]/n', 'waiting', 'waits for m'],
    ]);
    expect(play.grant('s[1]/m')[0]).toMatchObject({ step: 's[1]/m', inputs: { x: 20 } });
    play.finish('s[1]/m', { out: 21 }).run('s[1]/n');
    expect(play.engine.nodeStatuses(play.state, 's[1]')).toEqual([]);
    expect(play.engine.elementStatus(play.state, 's[1]')).toEqual({ status: 'successful' });
    expect(play.engine.elementStatus(play.state, 's[1]/m')).toBeUndefined();
    for (const index of [2, 0]) play.run(`s[${index}]/m`).run(`s[${index}]/n`);
    expect(play.outputs()).toEqual({ y: [10, 21, 30] });
  });

  it('scatter inside', () => {
    const nested = workflow(['x'], [step('m', { x: 'x' }, { scatter: ['x'] })], { out: 'm/out' }, { id: 'inner' });
    const play = given(packageOf(workflow(['p'], [step('s', { x: 'p' }, { scatter: ['x'], run: 'inner' })], { y: 's/out' }), nested), {
      p: [[1, 2], [], [3]],
    });
    expect(play.grant('s[0]/m', 9).map((job) => job.step)).toEqual(['s[0]/m[0]', 's[0]/m[1]']);
    play.finish('s[0]/m[1]', { out: 2 }).finish('s[0]/m[0]', { out: 1 }).run('s[2]/m');
    expect(play.outputs()).toEqual({ y: [[1, 2], [], [3]] });
  });

  it('refuse what they do not take', () => {
    const typed = workflow([{ id: 'x', type: 'int' }], [step('m', { x: 'x' })], { out: 'm/out' }, { id: 'inner' });
    const outer = packageOf(workflow(['p'], [step('s', { x: 'p' }, { scatter: ['x'], run: 'inner' })], { y: 's/out' }), typed);
    const failureWith = (second: RunValue) => {
      const play = given(outer, { p: [1, second] });
      return play.engine.summary(play.state).failure;
    };
    expect(failureWith('b')).toEqual({ class: 'inputs', reason: 'the input "x": expected int, found the string "b"', step: 's[1]' });
    expect(failureWith(null)?.reason).toBe('the input "x" is required (int), but it is null');
    expect(failureWith(2)).toBeUndefined();
    expect(failureWith({ $stored: { key: 'k' } })).toBeUndefined();
  });

  it('ask for a default where an element of a stored list may be null', () => {
    const optional = workflow([{ id: 'x', type: 'Any', default: 5 }], [step('m', { x: 'x' })], { out: 'm/out' }, { id: 'inner' });
    const outer = workflow(['p'], [step('s', { x: 'p' }, { scatter: ['x'], run: 'inner' })], { y: 's/out' });
    const play = given(packageOf(outer, optional), { p: { $stored: { key: 'k', length: 1 } } });
    play.answer('s[0]:input:x', null);
    expect(play.grant('s[0]/m')[0]?.inputs).toEqual({ x: 5 });
  });
});
