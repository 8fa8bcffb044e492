import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  it('are used again inside their workspace when they were left empty', async () => {
    const folders = open(true);
    await folders.take('one', at('a'));
    mkdirSync(at('a/out'), { mode: 0o500 });
    const { ino } = statSync(at('a'));
    folders.giveBack('one', at('a'));
    expect(existsSync(at('a'))).toBe(false);
    await folders.take('two', at('b'));
    expect(readdirSync(at('b'))).toEqual([]);
    await folders.take('one', at('c'));
    expect(statSync(at('c')).ino).toBe(ino);
    expect(statSync(at('c/out')).mode & 0o777).toBe(0o755);
  });

  it('are removed when something is left in them', async () => {
    const folders = open(true);
    for (const [name, file] of [
      ['a', 'out/file'],
      ['b', 'out/folder/file'],
      ['c', 'log'],
    ] as const) {
      await folders.take('one', at(name));
      mkdirSync(join(at(name), file, '..'), { recursive: true });
      writeFileSync(join(at(name), file), 'left');
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
