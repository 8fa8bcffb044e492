import { describe, expect, it } from '@jest/globals';

import { quote, splitEnvironment } from './shell-text.ts';

describe('shell words', () => {
  it('quotes what a shell would read as its own', () => {
    expect(quote(`it's $HOME; \`rm\` "x"\n`)).toBe(`'it'\\''s $HOME; \`rm\` "x"\n'`);
    expect(quote('')).toBe("''");
  });

  it('exports plain names and leaves to env(1) what a shell cannot assign or treats as its own', () => {
    expect(splitEnvironment({ HOME: '/out', 'a.b': '1', UID: '7', IFS: 'x' })).toEqual({
      exported: "export HOME='/out'",
      rest: ['a.b=1', 'UID=7', 'IFS=x'],
    });
    expect(splitEnvironment({})).toEqual({ exported: '', rest: [] });
  });
});
