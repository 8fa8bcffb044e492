import { describe, expect, it } from '@jest/globals';
import { createEngine } from './engine.ts';
import { PlanError } from './plan.ts';
import { packageOf, step, tool, workflow } from './spec/documents.ts';

describe('a package that cannot be run is refused', () => {
  it.each([
    ['an entry that is not there', packageOf(tool('main')), 'nobody', 'the entry names process nobody, which the package does not have'],
    [
      'a step without its process',
      packageOf(workflow([], [step('a', {}, { run: 'gone' })], {})),
      'main',
      'main: step a names process gone, which the package does not have',
    ],
    [
      'a source without its step',
      packageOf(workflow([], [step('a', { x: 'b/out' })], {})),
      'main',
      'main: step a takes b/out, but there is no step b',
    ],
    [
      'steps that wait for each other',
      packageOf(workflow([], [step('a', { x: 'b/out' }), step('b', { x: 'a/out' }), step('c', {})], {})),
      'main',
      'main: steps wait for each other: a, b',
    ],
    [
      'a workflow that runs itself',
      packageOf(workflow([], [step('a', {}, { run: 'main' })], {})),
      'main',
      'main: step a runs main, of which it is a part',
    ],
    [
      'an abstract operation',
      packageOf(workflow([], [step('a', {}, { run: 'op' })], {}), { ...tool('op'), class: 'Operation' }),
      'main',
      'main: step a: op is an Operation, which says what is done but not how: it cannot be run',
    ],
  ])('%s', (_name, pkg, entry, message) => {
    expect(() => createEngine(pkg, entry)).toThrow(new PlanError(message));
  });
});
