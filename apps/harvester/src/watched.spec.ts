import { describe, expect, it } from '@jest/globals';
import { relevantChanges, type WatchedBranch } from './watched.ts';

const watched: WatchedBranch = {
  repository: 'https://git.example/flows.git',
  branch: 'main',
  paths: ['flows/**/*.cwl'],
  workspace: 'demo',
  allowFile: false,
};

describe('relevantChanges', () => {
  it('keeps what the patterns name', () => {
    expect(
      relevantChanges(watched, [
        { path: 'flows/a.cwl', change: 'added' },
        { path: 'README.md', change: 'updated' },
      ]),
    ).toEqual([{ path: 'flows/a.cwl', change: 'added' }]);
  });

  it('turns a rename across the border into an addition or a deletion', () => {
    expect(relevantChanges(watched, [{ path: 'flows/a.cwl', change: 'updated', previousPath: 'draft.cwl' }])).toEqual([
      { path: 'flows/a.cwl', change: 'added' },
    ]);
    expect(relevantChanges(watched, [{ path: 'old.cwl', change: 'updated', previousPath: 'flows/a.cwl' }])).toEqual([
      { path: 'flows/a.cwl', change: 'deleted' },
    ]);
    expect(relevantChanges(watched, [{ path: 'flows/b.cwl', change: 'updated', previousPath: 'flows/a.cwl' }])).toEqual([
      { path: 'flows/b.cwl', change: 'updated', previousPath: 'flows/a.cwl' },
    ]);
  });

  it('turns a rename from one taker to another into both', () => {
    const everything = { ...watched, paths: ['**'] };
    expect(relevantChanges(everything, [{ path: 'a.json', change: 'updated', previousPath: 'a.cwl' }])).toEqual([
      { path: 'a.cwl', change: 'deleted' },
      { path: 'a.json', change: 'added' },
    ]);
    expect(relevantChanges(everything, [{ path: 'a.txt', change: 'updated', previousPath: 'a.json' }])).toEqual([
      { path: 'a.json', change: 'deleted' },
      { path: 'a.txt', change: 'added' },
    ]);
  });
});
