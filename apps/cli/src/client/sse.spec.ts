import { describe, expect, it } from '@jest/globals';
import { parseBlock } from './sse.ts';

describe('parseBlock', () => {
  it('reads id, event and data, with or without the space behind the colon', () => {
    expect(parseBlock('id: 7\nevent:status\ndata: {"a": 1}')).toEqual({ id: '7', event: 'status', data: '{"a": 1}' });
  });

  it('joins the lines of data', () => {
    expect(parseBlock('data: one\ndata: two')).toEqual({ id: undefined, event: 'message', data: 'one\ntwo' });
  });

  it('yields nothing for a comment', () => {
    expect(parseBlock(': still here')).toBeUndefined();
  });
});
