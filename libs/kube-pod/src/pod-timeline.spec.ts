import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from '@jest/globals';
import { podTimeline } from './pod-timeline.ts';

/** Seconds after an instant; as a watch gives it. */
const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString() as unknown as Date;

function pod(tool: NonNullable<NonNullable<V1Pod['status']>['containerStatuses']>[number]['state']): V1Pod {
  const container = { image: 'i', imageID: '', ready: false, restartCount: 0 };
  return {
    metadata: { creationTimestamp: at(0) },
    status: {
      conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: at(2) }],
      initContainerStatuses: [{ ...container, name: 'stage', state: { terminated: { exitCode: 0, startedAt: at(3), finishedAt: at(7) } } }],
      containerStatuses: [{ ...container, name: 'tool', ...(tool && { state: tool }) }],
    },
  };
}

describe('the time to a start', () => {
  it('is told by its parts', () => {
    const text =
      'its tool started 19 s after its pod was made: 2 s for a node, 1 s for its pod there, 4 s for its inputs, 12 s for its image and container';
    expect(podTimeline(pod({ running: { startedAt: at(19) } }))).toBe(text);
    expect(podTimeline(pod({ terminated: { exitCode: 1, startedAt: at(19), finishedAt: at(20) } }))).toBe(text);
  });

  it('is not known before', () => {
    expect(podTimeline(pod({ waiting: {} }))).toBeUndefined();
    expect(podTimeline({})).toBeUndefined();
  });
});
