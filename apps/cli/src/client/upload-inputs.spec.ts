import { describe, expect, it } from '@jest/globals';
import { localPath } from './upload-inputs.ts';

describe('localPath', () => {
  it.each([
    [{ class: 'File', path: 'a.txt' }, '/jobs/a.txt'],
    [{ class: 'Directory', location: '../data' }, '/data'],
    [{ class: 'File', location: 'file:///x/a%20b.txt' }, '/x/a b.txt'],
  ])('%j is a local file', (value, path) => {
    expect(localPath(value, '/jobs')).toBe(path);
  });

  it.each([
    [{ class: 'File', location: 'https://example.org/a.txt' }],
    [{ class: 'File', location: '/workspaces/demo/files/a.txt' }],
    [{ class: 'File', location: 'files/a.txt' }],
    [{ class: 'File', contents: 'literal' }],
    [{ path: 'a record that happens to have a path' }],
  ])('%j is not', (value) => {
    expect(localPath(value, '/jobs')).toBeUndefined();
  });
});
