import { describe, expect, it } from '@jest/globals';
import type { StagingEntry } from '@runnel/cwl';
import { places } from '@runnel/kube-pod';
import { StepFault } from '@runnel/sandbox';
import { absoluteMounts } from './absolute-mounts.ts';

const at = (target: string, writable = false): StagingEntry => ({ kind: 'literal', contents: '', target, writable });
const folder = (target: string, writable = false): StagingEntry => ({ kind: 'empty-directory', target, writable });

describe('what stands at absolute places', () => {
  it('is mounted there, once for all below it', () => {
    const entries = [at(`${places.inputs}/0/a`), at('/other/b'), folder('/data', true), at('/data/c'), at('/etc/tool.conf')];
    expect(absoluteMounts(entries, '/other')).toEqual([
      { path: '/data', name: '0', writable: true },
      { path: '/etc/tool.conf', name: '1', writable: false },
    ]);
  });

  it('is the same whatever the order in which the document names it', () => {
    const entries = [at('/data/c/d', true), folder('/data'), at('/opt/a'), folder('/data/c')];
    const mounts = absoluteMounts(entries, places.work);
    expect(mounts.map(({ path, writable }) => [path, writable])).toEqual([
      ['/data', true],
      ['/opt/a', false],
    ]);
  });

  it('is refused by name below what is a file', () => {
    const reason = '/data/c cannot be put below /data: the document puts a file there';
    expect(() => absoluteMounts([at('/data/c'), at('/data')], places.work)).toThrow(reason);
  });

  it.each(['/', '/proc/self', '/sys', '/dev/shm/x', '/runnel/in/runnel-stage', '/a/../proc/x', '/a:b'])('is refused at %s', (place) => {
    expect(() => absoluteMounts([at(place)], places.work)).toThrow(StepFault);
  });
});
