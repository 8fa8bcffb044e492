import { describe, expect, it } from '@jest/globals';
import type { StagingEntry } from '@runnel/cwl';
import { places } from '@runnel/kube-pod';
import { StepFault } from '@runnel/sandbox';
import { absoluteMounts } from './absolute-mounts.ts';

const at = (target: string, writable = false): StagingEntry => ({ kind: 'literal', contents: '', target, writable });

describe('what stands at absolute places', () => {
  it('is mounted there, once for all below it', () => {
    const entries = [at(`${places.inputs}/0/a`), at('/other/b'), at('/data', true), at('/data/c'), at('/etc/tool.conf')];
    expect(absoluteMounts(entries, '/other')).toEqual([
      { path: '/data', name: '0', writable: true },
      { path: '/etc/tool.conf', name: '1', writable: false },
    ]);
  });

  it.each(['/', '/proc/self', '/sys', '/dev/shm/x', '/runnel/in/runnel-stage', '/a/../proc/x', '/a:b'])('is refused at %s', (place) => {
    expect(() => absoluteMounts([at(place)], places.work)).toThrow(StepFault);
  });
});
