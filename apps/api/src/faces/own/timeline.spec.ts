import { expect, it } from '@jest/globals';
import { levelsOf } from './timeline.ts';

const change = (part: number, staged: number, started: number, ended: number) => ({ part, staged, started, ended });
const level = (part: number, staging: number, running: number) => ({ part, staging, running });

it('levels are what is under way after each change', () => {
  expect(levelsOf([change(0, 10, 0, 0), change(3, 0, 10, 0), change(6, 0, 0, 10)])).toEqual([
    level(0, 10, 0),
    level(3, 0, 10),
    level(6, 0, 0),
  ]);
});

it('a steady flow through two slots is two at a time, however many pass', () => {
  expect(levelsOf([change(0, 50, 30, 28), change(1, 50, 60, 60), change(2, 0, 10, 12)])).toEqual([
    level(0, 20, 2),
    level(1, 10, 2),
    level(2, 0, 2),
    level(3, 0, 0),
  ]);
});

it('what is shorter than a part is seen', () => {
  expect(levelsOf([change(4, 1, 1, 1), change(5, 1, 1, 1), change(9, 1, 1, 1)])).toEqual([
    level(4, 0, 1),
    level(5, 0, 1),
    level(6, 0, 0),
    level(9, 0, 1),
    level(10, 0, 0),
  ]);
});
