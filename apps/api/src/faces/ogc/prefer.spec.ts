import { expect, it } from '@jest/globals';
import { readPrefer } from './prefer.ts';

it.each([
  [undefined, { async: false }],
  ['respond-async ', { async: true }],
  ['wait=5', { async: false, wait: 5 }],
  ['Respond-Async, wait = 100', { async: true, wait: 60 }],
  [['respond-async', 'wait="7"'], { async: true, wait: 7 }],
  ['wait=0', { async: false }],
  ['wait=soon; return=minimal', { async: false }],
])('%j', (header, preference) => {
  expect(readPrefer(header)).toEqual(preference);
});
