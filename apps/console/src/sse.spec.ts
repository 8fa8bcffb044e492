import { expect, it } from '@jest/globals';
import { readEvents } from './sse.ts';

const text = 'retry: 1000\n\nid: 3\nevent: status\ndata: {"a":1}\n\n: still here\n\nid: 4\ndata: x\ndata: y\n\n';

it.each([1, 2, 7, 1000])('events come whole from pieces of %i characters', (size) => {
  const parse = readEvents();
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
  expect(pieces.flatMap(parse)).toEqual([
    { id: '3', data: '{"a":1}' },
    { id: '4', data: 'x\ny' },
  ]);
});
