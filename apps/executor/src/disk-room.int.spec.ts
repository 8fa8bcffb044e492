import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually, testLogger } from '@runnel/testing';
import { filledFolders, fullReason, takenPercent, watchDiskRoom } from './disk-room.ts';

describe('how full a disk is', () => {
  const volume = { blocks: 1000, bfree: 300, bavail: 200, files: 0, ffree: 0 };
  it('counts what is kept for root as taken by nobody, as df does', () => {
    expect(takenPercent(volume)).toBeCloseTo(77.78);
  });
  it('is full of files too', () => {
    expect(takenPercent({ ...volume, files: 100, ffree: 3 })).toBe(97);
  });
  it('says which is fullest, and is not full again until some room is there', () => {
    const taken = new Map([
      ['work', 40],
      ['objects', 95],
    ]);
    expect(fullReason(taken, 95, false)).toBe('the disk of the object store is 95 % full, the limit is 95 %');
    expect(fullReason(taken, 96, true)).toBeDefined();
    expect(fullReason(taken, 96, false)).toBeUndefined();
    expect(fullReason(new Map([['work', 100]]), 100, false)).toBeUndefined();
  });
  it('looks at the object store where it is a folder', () => {
    expect([...filledFolders('/w', 'file:///o/').keys()]).toEqual(['work', 'objects']);
    expect([...filledFolders('/w', 's3://bucket/').keys()]).toEqual(['work']);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'runnel-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
});

(mounted ? it : it.skip)('a real disk that fills, and is tidied up', async () => {
  let changes = 0;
  const room = await watchDiskRoom({
    folders: new Map([['work', folder]]),
    limit: 90,
    logger: testLogger('executor'),
    onChanged: () => (changes += 1),
  });
  expect(room.full()).toBeUndefined();
  writeFileSync(join(folder, 'large'), Buffer.alloc(980 * 1024));
  await eventually('it is full', async () => room.full()?.startsWith('the disk of the work folder is 9') ?? false);
  rmSync(join(folder, 'large'));
  await eventually('there is room', async () => room.full() === undefined);
  expect(changes).toBeGreaterThanOrEqual(2);
  room.close();
});
