import { expect, it } from '@jest/globals';
import { modeOf, readPrefer } from './prefer.ts';

it.each([
  [undefined, { async: false }],
  ['respond-async ', { async: true }],
  ['wait=5', { async: false, wait: 5 }],
  ['Respond-Async, wait = 100', { async: true, wait: 60 }],
  [['respond-async', 'wait="7"'], { async: true, wait: 7 }],
  ['wait=0', { async: false }],
  ['wait=soon; return=minimal', { async: false, form: 'minimal' }],
  ['return="representation", return=minimal', { async: false, form: 'representation' }],
  ['return=nothing', { async: false }],
])('%j', (header, preference) => {
  expect(readPrefer(header)).toEqual(preference);
});

const both = ['sync-execute', 'async-execute', 'dismiss'];
it.each([
  ['respond-async', both, { wait: 0 }],
  ['respond-async', ['sync-execute'], { wait: 60 }],
  [undefined, both, { wait: 60 }],
  [undefined, ['async-execute'], { wait: 0 }],
  ['wait=5', both, { wait: 5, applied: 'wait=5' }],
  ['wait=5', ['async-execute'], { wait: 5, applied: 'wait=5' }],
  ['respond-async, wait=5', both, { wait: 5, applied: 'wait=5' }],
])('%j where the process can %j', (header, options, mode) => {
  expect(modeOf(readPrefer(header), options)).toEqual(mode);
});
