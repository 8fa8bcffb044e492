import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainAdmission } from '../spec/plain-admission.ts';
import type { PlainNode } from '../spec/plain-admission.ts';
import { admit as admitFrom } from './admit.ts';
import type { Admission } from './admit.ts';
import type { Share } from './quotas.ts';
import type { ExecutorLoad } from './rooms.ts';
import { noTurns } from './turns.ts';
import type { Turns } from './turns.ts';
import { createWaitingNodes, isOlder, keyOf } from './waiting-nodes.ts';

const now = 1_000_000;

function node(run: string, workspace: string, count: number, more: Partial<PlainNode> = {}): PlainNode {
  return { run, node: 'n', workspace, count, cores: 1, memoryMiB: 256, since: now, active: 0, priority: 0, weight: 1, ...more };
}

function executor(id: string, more: Partial<ExecutorLoad> = {}): ExecutorLoad {
  return { id, accepting: true, capacity: 8, slots: 2, cores: 2, memoryMiB: 4096, held: { steps: 0, cores: 0, memoryMiB: 0 }, ...more };
}

const activeOf = (nodes: readonly PlainNode[]): Map<string, number> => new Map(nodes.map(({ run, active }) => [run, active]));

/** One round among nodes that the admitter had not seen before. */
function admit(
  nodes: readonly PlainNode[],
  executors: readonly ExecutorLoad[],
  turns: Turns,
  at: number,
  shares: ReadonlyMap<string, Share> = new Map(),
): Omit<Admission, 'reasons'> & { reasons: { run: string; node: string; reason: string }[] } {
  const waiting = createWaitingNodes();
  for (const one of nodes) waiting.set({ ...one, reason: null });
  const admission = admitFrom(waiting, { executors, active: activeOf(nodes), shares }, turns, at);
  return {
    ...admission,
    reasons: admission.reasons.map(({ waiting: { run, node: name }, reason }) => ({ run, node: name, reason })),
  };
}

const total = (grants: { count: number }[]): number => grants.reduce((sum, grant) => sum + grant.count, 0);

describe('admit', () => {
  it('fills the places there are and leaves the rest a reason', () => {
    const { grants, reasons } = admit([node('r', 'a', 20)], [executor('x')], noTurns, now);
    expect(grants).toEqual([{ run: 'r', node: 'n', workspace: 'a', executor: 'x', count: 8, cores: 1, memoryMiB: 256 }]);
    expect(reasons).toEqual([{ run: 'r', node: 'n', reason: 'all slots are busy' }]);
  });

  it('counts what executors hold already', () => {
    const busy = executor('x', { held: { steps: 6, cores: 6, memoryMiB: 1536 } });
    expect(total(admit([node('r', 'a', 20)], [busy], noTurns, now).grants)).toBe(2);
  });

  it('spreads over executors', () => {
    const { grants } = admit([node('r', 'a', 6)], [executor('x'), executor('y')], noTurns, now);
    expect(grants.map(({ count }) => count)).toEqual([3, 3]);
  });

  it('gives each workspace its turn, however much one asks', () => {
    const { grants } = admit([node('big', 'a', 10_000), node('small', 'b', 3)], [executor('x')], noTurns, now);
    expect(grants).toMatchObject([
      { workspace: 'a', count: 5 },
      { workspace: 'b', count: 3 },
    ]);
  });

  it('goes on with the next workspace when one place after the other falls free', () => {
    const served: string[] = [];
    let turns = noTurns;
    for (let n = 0; n < 6; n++) {
      const one = executor('x', { capacity: 1 });
      const admission = admit([node('r1', 'a', 9), node('r2', 'b', 9), node('r3', 'c', 9)], [one], turns, now);
      turns = admission.turns;
      served.push(...admission.grants.map(({ workspace }) => workspace));
    }
    expect(served).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('gives who asks for 5 the next 5 places, beside one who has 1,000 waiting and had all places so far', () => {
    const served: string[] = [];
    const one = executor('x', { capacity: 1 });
    let turns = noTurns;
    for (let n = 0; n < 20; n++) {
      const waiting = [node('many', 'a', 1000), ...(n < 10 ? [] : [node('few', 'b', 5 - served.filter((name) => name === 'b').length)])];
      const admission = admit(waiting, [one], turns, now);
      turns = admission.turns;
      served.push(...admission.grants.map(({ workspace }) => workspace));
    }
    expect(served.join('')).toBe('aaaaaaaaaabbbbbaaaaa');
  });

  it('lets nobody who slept stop the others for long', () => {
    let turns = noTurns;
    const pass = (waiting: PlainNode[], capacity: number): Record<string, number> => {
      const admission = admit(waiting, [executor('x', { capacity, slots: capacity, cores: capacity, memoryMiB: 1e6 })], turns, now);
      turns = admission.turns;
      return Object.fromEntries(admission.grants.map(({ workspace, count }) => [workspace, count]));
    };
    pass([node('r', 'a', 5000)], 4000);
    const { a = 0, b = 0 } = pass([node('r', 'a', 1000), node('s', 'b', 1000)], 100);
    expect(b - a).toBeLessThanOrEqual(10);
    expect(b).toBeGreaterThan(a);
  });

  const share = (more: Partial<Share>): Share => ({
    weight: 1,
    priority: 0,
    quota: {},
    held: { steps: 0, cores: 0, memoryMiB: 0 },
    ...more,
  });
  const huge = executor('x', { capacity: 400, slots: 400, cores: 400, memoryMiB: 1e6 });

  it('gives by weight, also when one place after the other falls free', () => {
    const shares = new Map([['a', share({ weight: 3 })]]);
    const waiting = [node('r', 'a', 1000), node('s', 'b', 1000)];
    const together = admit(waiting, [huge], noTurns, now, shares).grants;
    expect(together.find(({ workspace }) => workspace === 'a')?.count).toBeGreaterThan(290);
    const served = { a: 0, b: 0 };
    let turns = noTurns;
    for (let n = 0; n < 200; n++) {
      const admission = admit(waiting, [executor('x', { capacity: 1 })], turns, now, shares);
      turns = admission.turns;
      for (const { workspace } of admission.grants) served[workspace as 'a' | 'b'] += 1;
    }
    expect(served.a / served.b).toBeGreaterThan(2.5);
  });

  it('serves the workspace and the run of higher priority first', () => {
    const shares = new Map([['b', share({ priority: 1 })]]);
    const few = executor('x', { capacity: 4 });
    expect(admit([node('r', 'a', 9), node('s', 'b', 9)], [few], noTurns, now, shares).grants).toMatchObject([{ workspace: 'b', count: 4 }]);
    expect(admit([node('r', 'a', 9), node('s', 'a', 9, { priority: 1, active: 50 })], [few], noTurns, now).grants).toMatchObject([
      { run: 's', count: 4 },
    ]);
    const runs = [node('r', 'a', 300), node('s', 'a', 300, { weight: 3 })];
    expect(admit(runs, [huge], noTurns, now).grants.map(({ count }) => count)).toEqual([100, 300]);
  });

  it.each([
    [{ steps: 3 }, 3, 'the workspace has 3 steps under way, its quota is 3'],
    [{ cores: 5 }, 2, 'needs 2 cores, the workspace has 4 of its quota of 5 under way'],
    [{ memoryMiB: 600 }, 2, 'needs 256 MiB of memory, the workspace has 512 of its quota of 600 under way'],
    [{ steps: 0 }, 0, 'the workspace has 0 steps under way, its quota is 0'],
  ])('keeps a quota and says so: %j', (quota, count, reason) => {
    const admission = admit([node('r', 'a', 9, { cores: 2 }), node('s', 'b', 2)], [huge], noTurns, now, new Map([['a', share({ quota })]]));
    expect(total(admission.grants.filter(({ workspace }) => workspace === 'a'))).toBe(count);
    expect(total(admission.grants.filter(({ workspace }) => workspace === 'b'))).toBe(2);
    expect(admission.reasons).toEqual([{ run: 'r', node: 'n', reason }]);
  });

  it('refuses what a quota can never hold, with the figures', () => {
    const shares = new Map([['a', share({ quota: { cores: 4, memoryMiB: 1000 } })]]);
    const waiting = [node('r', 'a', 1, { cores: 8 }), node('s', 'a', 1, { memoryMiB: 2000 }), node('t', 'a', 1, { cores: 4 })];
    const { refusals, grants } = admit(waiting, [huge], noTurns, now, shares);
    expect(refusals.map(({ run, reason }) => [run, reason])).toEqual([
      ['r', 'needs 8 cores, the quota of its workspace is 4'],
      ['s', 'needs 2000 MiB of memory, the quota of its workspace is 1000'],
    ]);
    expect(grants).toMatchObject([{ run: 't' }]);
  });

  it('empties a quota for the step that needs all of it', () => {
    const quota = { cores: 4 };
    const large = node('large', 'a', 1, { cores: 4, since: now - 60_000 });
    const small = node('small', 'a', 99, { active: 3, since: now - 70_000 });
    const busy = share({ quota, held: { steps: 3, cores: 3, memoryMiB: 0 } });
    const first = admit([large, small], [huge], noTurns, now, new Map([['a', busy]]));
    expect(first.grants).toEqual([]);
    expect(first.reasons.map(({ reason }) => reason)).toEqual([
      'needs 4 cores, the workspace has 3 of its quota of 4 under way',
      'the quota of the workspace is kept free for a step that has waited longer',
    ]);
    const second = admit([large, { ...small, active: 0 }], [huge], first.turns, now, new Map([['a', share({ quota })]]));
    expect(second.grants.map(({ run, count }) => [run, count])).toEqual([['large', 1]]);
    expect(second.turns.starving.size).toBe(0);
  });

  it('weighs elements by their cores', () => {
    const large = executor('x', { capacity: 100, slots: 100, cores: 40, memoryMiB: 1e6 });
    const { grants } = admit([node('r1', 'a', 100, { cores: 4 }), node('r2', 'b', 100)], [large], noTurns, now);
    const cores = Object.fromEntries(grants.map(({ workspace, count, cores }) => [workspace, count * cores]));
    expect(Math.abs((cores['a'] ?? 0) - (cores['b'] ?? 0))).toBeLessThanOrEqual(4);
  });

  it('prefers the run of a workspace that has least under way', () => {
    const { grants } = admit(
      [node('old', 'a', 5, { since: 1, active: 30 }), node('new', 'a', 1)],
      [executor('x', { capacity: 1 })],
      noTurns,
      now,
    );
    expect(grants).toMatchObject([{ run: 'new', count: 1 }]);
  });

  it('keeps an executor free for what is too large for the gaps the others leave', () => {
    const x = executor('x', { capacity: 4, slots: 4, cores: 4, held: { steps: 3, cores: 3, memoryMiB: 0 } });
    const large = node('large', 'a', 1, { cores: 4, since: now - 60_000 });
    const { grants, reasons } = admit([large, node('small', 'b', 9)], [x], noTurns, now);
    expect(grants).toEqual([]);
    expect(reasons).toHaveLength(2);
  });

  it.each([
    [[], 'no executor is alive'],
    [[executor('x', { accepting: false })], 'no executor takes new steps: all are draining or have no slots'],
    [[executor('x'), executor('y', { cores: 4 })], 'needs 8 cores, the largest executor has 4'],
    [[executor('x', { cores: 8, memoryMiB: 1024 })], 'needs 2048 MiB of memory, the largest executor has 1024'],
    [
      [executor('x', { cores: 8, memoryMiB: 1024 }), executor('y', { memoryMiB: 4096 })],
      'needs 8 cores and 2048 MiB of memory, no executor has both',
    ],
  ])('says why: %#', (executors, reason) => {
    const { grants, reasons } = admit([node('r', 'a', 1, { cores: 8, memoryMiB: 2048 })], executors, noTurns, now);
    expect(grants).toEqual([]);
    expect(reasons).toEqual([{ run: 'r', node: 'n', reason }]);
  });
});

const nodes = fc.array(
  fc.record({
    run: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
    workspace: fc.constantFrom('a', 'b', 'c'),
    count: fc.nat(40),
    cores: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 12 },
);
const executors = fc.array(fc.record({ slots: fc.integer({ min: 1, max: 8 }), cores: fc.integer({ min: 1, max: 8 }), held: fc.nat(6) }), {
  maxLength: 4,
});

describe('admit, for any demand', () => {
  const cases = fc.tuple(nodes, executors).map(([demand, supply]) => ({
    waiting: demand.map(({ run, workspace, count, cores }, index) => node(run, workspace, count, { node: `n${index}`, cores })),
    places: supply.map(({ slots, cores, held }, index) =>
      executor(`x${index}`, { slots, capacity: 2 * slots + 4, cores, held: { steps: held, cores: held, memoryMiB: held * 256 } }),
    ),
  }));

  it('never grants more than waits or than there is place for, and never leaves a place that something could take', () => {
    fc.assert(
      fc.property(cases, ({ waiting, places }) => {
        const { grants, reasons } = admit(waiting, places, noTurns, now);
        for (const { node: name, count } of waiting) {
          const given = total(grants.filter((grant) => grant.node === name));
          expect(given).toBeLessThanOrEqual(count);
          expect(reasons.some((reason) => reason.node === name)).toBe(given < count);
        }
        for (const place of places) {
          const here = grants.filter((grant) => grant.executor === place.id);
          expect(place.held.steps + total(here)).toBeLessThanOrEqual(Math.max(place.capacity, place.held.steps));
          expect(here.every(({ cores }) => cores <= place.cores)).toBe(true);
          const after = {
            steps: place.held.steps + total(here),
            cores: place.held.cores + here.reduce((sum, { cores, count }) => sum + cores * count, 0),
          };
          const room = (cores: number): boolean =>
            cores <= place.cores && after.steps < place.capacity && after.cores + cores <= (place.cores * place.capacity) / place.slots;
          const left = waiting.filter(({ node: name, count }) => total(grants.filter((grant) => grant.node === name)) < count);
          expect(left.some(({ cores }) => room(cores))).toBe(false);
        }
      }),
    );
  });

  it('serves workspaces that wait for the same alike', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 40 }), (workspaces, passes) => {
        const served = new Map<string, number>();
        let turns = noTurns;
        for (let pass = 0; pass < passes; pass++) {
          const waiting = Array.from({ length: workspaces }, (_, index) => node(`r${index}`, `w${index}`, 1000 * (index + 1)));
          const admission = admit(waiting, [executor('x', { capacity: 3, slots: 3, cores: 3 })], turns, now);
          turns = admission.turns;
          for (const { workspace, count } of admission.grants) served.set(workspace, (served.get(workspace) ?? 0) + count);
        }
        const counts = Array.from({ length: workspaces }, (_, index) => served.get(`w${index}`) ?? 0);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

/** What happens between two rounds. */
type Deed =
  | { kind: 'put'; node: PlainNode }
  | { kind: 'remove'; which: number }
  | { kind: 'shares'; shares: [string, Share][] }
  | { kind: 'executors'; executors: ExecutorLoad[] }
  | { kind: 'later'; ms: number }
  | { kind: 'end'; which: number };

const names = fc.constantFrom('a', 'b', 'c', 'd');
const anyNode = fc
  .record({
    run: fc.integer({ min: 0, max: 9 }),
    node: fc.constantFrom('m', 'n', 'o'),
    count: fc.integer({ min: 0, max: 6 }),
    cores: fc.constantFrom(1, 3, 5, 8),
    memoryMiB: fc.constantFrom(256, 2048),
    priority: fc.constantFrom(0, 0, 0, 1),
    weight: fc.constantFrom(1, 1, 2),
  })
  // A run is of one workspace, and has one share.
  .map(({ run, priority, weight, ...more }) =>
    node(`r${run}`, 'abcd'[run % 4] ?? 'a', more.count, { ...more, priority: run > 7 ? priority : 0, weight: run === 6 ? weight : 1 }),
  );
const anyShare = fc.record({
  weight: fc.constantFrom(1, 2, 0.5),
  priority: fc.constantFrom(0, 0, 1),
  quota: fc.record(
    { steps: fc.integer({ min: 0, max: 6 }), cores: fc.integer({ min: 2, max: 20 }), memoryMiB: fc.integer({ min: 300, max: 9000 }) },
    { requiredKeys: [] },
  ),
});
const anyExecutor = fc.record({
  slots: fc.constantFrom(0, 2, 4, 8, 8),
  cores: fc.constantFrom(2, 5, 8, 8),
  memoryMiB: fc.constantFrom(1024, 8192),
  accepting: fc.constantFrom(true, true, true, false),
});
const deeds = fc.oneof(
  { weight: 6, arbitrary: anyNode.map((one): Deed => ({ kind: 'put', node: one })) },
  { weight: 2, arbitrary: fc.nat(99).map((which): Deed => ({ kind: 'remove', which })) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.tuple(names, anyShare))
      .map((shares): Deed => ({ kind: 'shares', shares: shares.map(([name, share]) => [name, { ...share, held: nothing() }]) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(anyExecutor, { maxLength: 4 })
      .map((all): Deed => ({ kind: 'executors', executors: all.map((one, n) => executor(`x${n}`, { ...one, capacity: one.slots + 1 })) })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 15_000 }).map((ms): Deed => ({ kind: 'later', ms })) },
  { weight: 4, arbitrary: fc.nat(99).map((which): Deed => ({ kind: 'end', which })) },
);
const nothing = (): Share['held'] => ({ steps: 0, cores: 0, memoryMiB: 0 });

describe('rounds upon a copy that is kept', () => {
  it('decide what looking at everything decides, whatever happens between them', () => {
    fc.assert(
      fc.property(fc.array(fc.array(deeds, { maxLength: 6 }), { minLength: 1, maxLength: 12 }), (rounds) => {
        const waiting = createWaitingNodes();
        const rows = new Map<string, PlainNode>();
        let shares = new Map<string, Share>();
        let executors = ['x0', 'x1', 'x2'].map((id) => executor(id, { capacity: 8, slots: 8, cores: 8, memoryMiB: 16_384 }));
        let at = now;
        let [turns, plainTurns]: [Turns, Turns] = [noTurns, noTurns];
        /** Elements that were granted, with where they run; some of them are asked for: their nodes have them no more. */
        const underWay: { row: PlainNode; executor: string; asked: boolean }[] = [];
        for (const round of rounds) {
          for (const deed of round) {
            if (deed.kind === 'put') {
              const row = { ...deed.node, since: rows.get(keyOf(deed.node))?.since ?? at };
              rows.set(keyOf(row), row);
              waiting.set({ ...row, reason: null });
            } else if (deed.kind === 'remove') {
              const key = [...rows.keys()][deed.which % Math.max(1, rows.size)] ?? '';
              rows.delete(key);
              waiting.remove(key);
            } else if (deed.kind === 'shares') shares = new Map(deed.shares);
            else if (deed.kind === 'executors') executors = deed.executors;
            else if (deed.kind === 'later') at += deed.ms;
            else underWay.splice(deed.which % Math.max(1, underWay.length), 1);
          }
          const grantedOf = (key: string): number => underWay.filter((one) => !one.asked && keyOf(one.row) === key).length;
          const held = (of: (one: (typeof underWay)[number]) => boolean): Share['held'] =>
            underWay
              .filter(of)
              .reduce(
                (sum, { row }) => ({ steps: sum.steps + 1, cores: sum.cores + row.cores, memoryMiB: sum.memoryMiB + row.memoryMiB }),
                nothing(),
              );
          const active = new Map(underWay.map(({ row: { run } }) => [run, held((one) => one.row.run === run).steps]));
          const supply = {
            active,
            executors: executors.map((one) => ({ ...one, held: held(({ executor: id }) => id === one.id) })),
            shares: new Map([...shares].map(([name, share]) => [name, { ...share, held: held(({ row }) => row.workspace === name) }])),
          };
          waiting.subtract(new Map([...rows.keys()].map((key) => [key, grantedOf(key)])));
          const nodes = [...rows.values()]
            .map((row) => ({ ...row, key: keyOf(row), count: row.count - grantedOf(keyOf(row)), active: active.get(row.run) ?? 0 }))
            .sort((a, b) => (isOlder(a, b) ? -1 : 1));
          const wanted = plainAdmission(nodes, supply.executors, plainTurns, at, supply.shares);
          const found = admitFrom(waiting, supply, turns, at);
          expect(new Map(found.grants.map((grant) => [`${grant.executor} ${keyOf(grant)}`, grant.count]))).toEqual(wanted.grants);
          expect(new Set(found.refusals.map(keyOf))).toEqual(new Set(wanted.refusals));
          expect(found.turns.starving).toEqual(wanted.turns.starving);
          expect(found.turns.served).toEqual(wanted.turns.served);
          for (const { waiting: one, reason } of found.reasons) one.told = reason;
          for (const [key, reason] of wanted.reasons) expect([key, waiting.find(key)?.told]).toEqual([key, reason]);
          [turns, plainTurns] = [found.turns, wanted.turns];
          for (const grant of found.grants) {
            const row = rows.get(keyOf(grant));
            for (let n = 0; row !== undefined && n < grant.count; n += 1) underWay.push({ row, executor: grant.executor, asked: false });
          }
          // Every other grant was taken by its run's owner: the node's row has less.
          for (const [index, one] of underWay.entries()) {
            const key = keyOf(one.row);
            const row = rows.get(key);
            if (one.asked || index % 2 === 0 || row === undefined) continue;
            one.asked = true;
            rows.set(key, { ...row, count: row.count - 1 });
            waiting.set({ ...row, count: row.count - 1, reason: waiting.find(key)?.told ?? null });
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
