import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { changesBetween, fetchHead, isKnown, openMirror, parseNameStatus, RepositoryUnavailable, type Mirror } from './git.ts';
import { listTree, readBlobs, refusalOfFile } from './read-files.ts';

let root: string;
let work: string;
let mirror: Mirror;

const git = (...args: string[]) =>
  execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { encoding: 'utf8' });
const commit = (message: string) => {
  git('add', '-A');
  git('commit', '-qm', message);
};

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'runnel-git-'));
  work = join(root, 'work');
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  mirror = await openMirror({ directory: join(root, 'mirror'), repository: work, branch: 'main', protocols: 'file' });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a watched branch', () => {
  it('names added, updated, renamed and deleted files of a commit', async () => {
    writeFileSync(join(work, 'a.cwl'), 'class: CommandLineTool\nlabel: a long enough file to be recognised as renamed\n');
    writeFileSync(join(work, 'b.cwl'), 'b');
    commit('first');
    const first = await fetchHead(mirror);
    renameSync(join(work, 'a.cwl'), join(work, 'c.cwl'));
    writeFileSync(join(work, 'b.cwl'), 'bb');
    commit('second');
    const second = (await fetchHead(mirror)) ?? '';
    expect(await changesBetween(mirror, first, second)).toEqual([
      { path: 'b.cwl', change: 'updated' },
      { path: 'c.cwl', change: 'updated', previousPath: 'a.cwl' },
    ]);
    const tree = await listTree(mirror, second);
    const objects = ['b.cwl', 'c.cwl', 'b.cwl'].map((path) => tree.get(path)?.object ?? '');
    const [b, c, again] = (await readBlobs(mirror, objects)).map(String);
    expect([b, c?.slice(0, 6), again]).toEqual(['bb', 'class:', 'bb']);
  });

  it('names everything after a forced push, and nothing of a branch that is gone', async () => {
    writeFileSync(join(work, 'a.cwl'), 'a');
    commit('first');
    const head = (await fetchHead(mirror)) ?? '';
    expect(await isKnown(mirror, 'f'.repeat(40))).toBe(false);
    expect(await changesBetween(mirror, undefined, head)).toEqual([{ path: 'a.cwl', change: 'added' }]);
    // Of a git that was killed.
    writeFileSync(join(mirror.directory, 'refs/heads/watched.lock'), '');
    writeFileSync(join(work, 'a.cwl'), 'aa');
    commit('second');
    expect(await fetchHead(mirror)).not.toBe(head);
    expect(await fetchHead({ ...mirror, branch: 'elsewhere' })).toBeUndefined();
  });

  it('reads no symlink and no file over the limit', async () => {
    symlinkSync('/etc/passwd', join(work, 'link.cwl'));
    writeFileSync(join(work, 'large.cwl'), 'x'.repeat(101));
    commit('first');
    const tree = await listTree(mirror, (await fetchHead(mirror)) ?? '');
    expect(refusalOfFile(tree.get('link.cwl'), 100)).toBe('it is a symbolic link, which is not followed');
    expect(refusalOfFile(tree.get('large.cwl'), 100)).toBe('it has 101 bytes, the limit is 100');
    expect(refusalOfFile(tree.get('large.cwl'), 101)).toBeUndefined();
    expect(refusalOfFile(tree.get('none.cwl'), 100)).toBe('it is not in the commit');
    expect([...(await listTree(mirror, (await fetchHead(mirror)) ?? '', ['large.cwl'])).keys()]).toEqual(['large.cwl']);
  });

  it('refuses a protocol that is not allowed and options in place of addresses', async () => {
    await expect(fetchHead({ ...mirror, protocols: 'https:ssh' })).rejects.toThrow(RepositoryUnavailable);
    await expect(openMirror({ ...mirror, repository: '--upload-pack=touch /tmp/x' })).rejects.toThrow('may not begin with "-"');
  });
});

describe('parseNameStatus', () => {
  it('keeps names with spaces and tabs', () => {
    expect(parseNameStatus('A\0a b\tc.cwl\0D\0d.cwl\0')).toEqual([
      { path: 'a b\tc.cwl', change: 'added' },
      { path: 'd.cwl', change: 'deleted' },
    ]);
  });
});
