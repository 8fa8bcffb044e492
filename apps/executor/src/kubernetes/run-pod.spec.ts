import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import { lostAfter } from '@runnel/kube-pod';
import type { Cluster } from './cluster.ts';
import type { PodWatch } from './pod-watch.ts';
import { runPod, type PodEnd } from './run-pod.ts';

const imagePatience = 5;
const made: V1Pod = { metadata: { name: 'rn-1' } };

/** A pod whose changes are told here. */
function followed(): { change: (status: V1Pod['status']) => void; end: Promise<PodEnd> } {
  let tell: (pod: V1Pod | undefined) => void = () => undefined;
  const watch: Partial<PodWatch> = {
    follow: (_name, onChange) => {
      tell = onChange;
      return () => undefined;
    },
    expect: () => undefined,
  };
  const ports = {
    cluster: {} as Cluster,
    watch: watch as PodWatch,
    onWaiting: () => undefined,
    onRunning: () => undefined,
    tooLarge: () => Promise.resolve(undefined),
    mayStart: () => true,
    imagePatience,
  };
  const end = runPod(made, ports, new AbortController().signal);
  return { change: (status) => tell({ ...made, status: status ?? {} }), end };
}

const running = (ready: 'True' | 'False'): V1Pod['status'] => ({
  phase: 'Running',
  conditions: [
    { type: 'Ready', status: ready },
    { type: 'ContainersReady', status: 'True' },
  ],
});
const image = (reason: string): V1Pod['status'] => ({
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'tool',
      image: 'a/b',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason, message: 'dial tcp: refused' } },
    },
  ],
});

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('following a pod', () => {
  it('gives it up where its node is not heard of for long, and not where it is heard of again', async () => {
    const { change, end } = followed();
    const ended = jest.fn();
    void end.then(ended);
    change(running('False'));
    await jest.advanceTimersByTimeAsync(lostAfter * 1000 - 1);
    change(running('True'));
    await jest.advanceTimersByTimeAsync(lostAfter * 2000);
    expect(ended).not.toHaveBeenCalled();
    change(running('False'));
    await jest.advanceTimersByTimeAsync(lostAfter * 1000);
    expect(await end).toMatchObject({
      state: 'failed',
      failure: { class: 'infrastructure', reason: expect.stringContaining('node was lost') },
    });
  });

  it('waits for a registry anew each time that it is away', async () => {
    const { change, end } = followed();
    const ended = jest.fn();
    void end.then(ended);
    change(image('ErrImagePull'));
    change(image('ContainerCreating'));
    await jest.advanceTimersByTimeAsync(imagePatience * 2000);
    expect(ended).not.toHaveBeenCalled();
    change(image('ImagePullBackOff'));
    await jest.advanceTimersByTimeAsync(imagePatience * 1000);
    expect(await end).toMatchObject({ state: 'failed', failure: { class: 'infrastructure', reason: expect.stringContaining('for 5 s') } });
  });
});
