import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { admit } from './admit.ts';
import type { ExecutorLoad, Turns, WaitingNode } from './admit.ts';

const noTurns: Turns = { deficits: new Map() };
const now = 1_000_000;

function node(run: string, workspace: string, count: number, more: Partial<WaitingNode> = {}): WaitingNode {
  return { run, node: 'n', workspace, count, cores: 1, memoryMiB: 256, since: now, active: 0, ...more };
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
