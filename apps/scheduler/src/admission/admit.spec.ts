import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { admit } from './admit.ts';
import type { ExecutorLoad, WaitingNode } from './admit.ts';
import type { Share } from './quotas.ts';
import { noTurns } from './turns.ts';

const now = 1_000_000;

function node(run: string, workspace: string, count: number, more: Partial<WaitingNode> = {}): WaitingNode {
  return { run, node: 'n', workspace, count, cores: 1, memoryMiB: 256, since: now, active: 0, priority: 0, weight: 1, ...more };
}

function executor(id: string, more: Partial<ExecutorLoad> = {}): ExecutorLoad {
  return { id, accepting: true, capacity: 8, slots: 2, cores: 2, memoryMiB: 4096, held: { steps: 0, cores: 0, memoryMiB: 0 }, ...more };
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
    const pass = (waiting: WaitingNode[], capacity: number): Record<string, number> => {
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
