import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@runnel/testing';
import { createWorkFolders } from './work-folders.ts';

let root: string;
const at = (name: string): string => join(root, name);
const open = (reuse: boolean) => createWorkFolders({ spares: at('spares'), reuse, onFault: (text) => expect(text).toBe('') });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'runnel-work-folders-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('folders of attempts', () => {
  it('are used again inside their workspace, emptied', async () => {
    const folders = open(true);
    await folders.take('one', at('a'));
    for (const name of ['a/out', 'a/tmp']) mkdirSync(at(name), { mode: 0o700 });
    for (const name of ['a/log', 'a/out/file', 'a/out/.hidden', 'a/tmp/file']) writeFileSync(at(name), 'left');
    chmodSync(at('a/out'), 0o500);
    const { ino } = statSync(at('a'));
    folders.giveBack('one', at('a'));
    await eventually('the folder is spare', () => readdirSync(at('spares')).length === 1);
    await folders.take('two', at('b'));
    expect(readdirSync(at('b'))).toEqual([]);
    await folders.take('one', at('c'));
    expect(statSync(at('c')).ino).toBe(ino);
    expect(readdirSync(at('c'), { recursive: true }).sort()).toEqual(['out', 'tmp']);
    expect(statSync(at('c/out')).mode & 0o777).toBe(0o755);
  });

  it('are removed when more is left in them', async () => {
    const folders = open(true);
    for (const [name, folder] of [
      ['a', 'out/folder'],
      ['b', 'in'],
    ] as const) {
      await folders.take('one', at(name));
      mkdirSync(join(at(name), folder), { recursive: true });
      writeFileSync(join(at(name), folder, 'file'), 'left');
      folders.giveBack('one', at(name));
    }
    await eventually('the folders are gone', () => readdirSync(root).length === 1);
    expect(readdirSync(at('spares'))).toEqual([]);
  });

  it('are not used again where a process may still be in them', async () => {
    const folders = open(false);
    await folders.take('one', at('a'));
    folders.giveBack('one', at('a'));
    await eventually('the folders are gone', () => readdirSync(root).length === 1);
    expect(readdirSync(at('spares'))).toEqual([]);
  });

  it('replace what an earlier executor left at the path', async () => {
    const folders = open(true);
    mkdirSync(at('a/out'), { recursive: true });
    writeFileSync(at('a/out/file'), 'left');
    await folders.take('one', at('a'));
    expect(readdirSync(at('a'))).toEqual([]);
  });
});
