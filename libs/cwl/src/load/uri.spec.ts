import { describe, expect, it } from '@jest/globals';
import { fileNameOf, fragmentOf, isAbsoluteUri, resolvePath, resolveUri } from './uri.ts';

const base = 'file:///data/flows/app.cwl';

describe('references in documents', () => {
  it.each([
    ['tool.cwl', 'file:///data/flows/tool.cwl'],
    ['../other/tool.cwl#main', 'file:///data/other/tool.cwl#main'],
    ['./a/./b/../c.cwl', 'file:///data/flows/a/c.cwl'],
    ['/abs/x.cwl', 'file:///abs/x.cwl'],
    ['#main', 'file:///data/flows/app.cwl#main'],
    ['', 'file:///data/flows/app.cwl'],
    ['?v=2', 'file:///data/flows/app.cwl?v=2'],
    ['../../../../x', 'file:///x'],
    ['..', 'file:///data/'],
    ['//host/x', 'file://host/x'],
    ['https://example.org/x.cwl', 'https://example.org/x.cwl'],
    ['with space.cwl', 'file:///data/flows/with%20space.cwl'],
    ['colon:test.cwl', 'file:///data/flows/colon:test.cwl'],
    ['caf\u00e9.txt', 'file:///data/flows/caf%C3%A9.txt'],
  ])('%j resolves to %s', (reference, expected) => expect(resolveUri(base, reference)).toBe(expected));

  it('keeps host and scheme of remote documents', () => {
    expect(resolveUri('https://example.org/a/b.cwl?x=1#main', '../c.cwl')).toBe('https://example.org/c.cwl');
    expect(resolveUri('https://example.org', 'c.cwl')).toBe('https://example.org/c.cwl');
    expect(resolveUri('s3://bucket/a/b.cwl', 'c.cwl')).toBe('s3://bucket/a/c.cwl');
  });

  it('takes a plain path literally, where a URI would have a fragment, a query or escapes', () => {
    expect(resolvePath(base, 'a#b?c%d e.txt')).toBe('file:///data/flows/a%23b%3Fc%25d%20e.txt');
    expect(resolvePath(base, '/x:y.txt')).toBe('file:///x:y.txt');
    expect(resolveUri(base, 'a%23b.txt')).toBe('file:///data/flows/a%23b.txt');
  });

  it('replaces half surrogates, which no URI can hold', () => {
    expect(resolvePath(base, 'x\ud800')).toBe('file:///data/flows/x%EF%BF%BD');
  });

  it('reads fragments and file names decoded', () => {
    expect(fragmentOf('file:///x.cwl#my%20tool')).toBe('my tool');
    expect(fragmentOf('file:///x.cwl#broken%zz')).toBe('broken%zz');
    expect(fragmentOf('file:///x.cwl')).toBeUndefined();
    expect(fileNameOf('https://h/a/b%20c.cwl?x#y')).toBe('b c.cwl');
  });

  it('believes a scheme only where it can be one', () => {
    expect(isAbsoluteUri('urn:x:y')).toBe(true);
    expect(isAbsoluteUri('colon:test.cwl')).toBe(false);
  });
});
