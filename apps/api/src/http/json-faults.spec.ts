import { expect, it } from '@jest/globals';
import { jsonFault } from './json-faults.ts';

it.each([
  '{"a": {"b": 1, "c": [1, {"b": 2}, {"b": 3}]}, "b": "\\"a\\": \\\\", "c": "a"}',
  '["a", "a", {"a": "a"}, null, -1.5e3]',
  '"\\\\u0000 \\ud83c\\udf0d"',
  `${'['.repeat(200)}${']'.repeat(200)}`,
])('%s', (text) => {
  expect(jsonFault(text)).toBeUndefined();
});

it.each([
  ['{"a": 1, "a": 2}', /"a" at offset 9 is given twice/],
  ['{"x": [{"a": 1, "\\u0061": 2}]}', /given twice/],
  ['{"__proto__": 1, "__proto__": 2}', /given twice/],
  ['{"a": "b\\u0000"}', /null character/],
  ['{"\\u0000": 1}', /null character/],
  ['["\\ud800"]', /half a character/],
  [`${'['.repeat(201)}${']'.repeat(201)}`, /deeper than 200 levels/],
])('%s', (text, fault) => {
  expect(JSON.parse(text)).toBeDefined();
  expect(jsonFault(text)).toMatch(fault);
});
