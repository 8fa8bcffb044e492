import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import { keys, namespaceOf } from '@runnel/kube-pod';
import { openObjectStore, putValue, type ObjectStore } from '@runnel/objects';
import { createLogger } from '@runnel/service';
import { eventually } from '@runnel/testing';
import type { AttemptId, StepRequest } from '../steps/attempt.ts';
import type { Attempts } from '../steps/attempts.ts';
import type { Cluster } from './cluster.ts';
import { planKey, podName } from './keys.ts';
import { createAdoption, type Adoption } from './pods-left.ts';
import type { PodWatch } from './pod-watch.ts';

const idOf = (step: string): AttemptId => ({ workspace: 'demo', run: '01936d2e-7c1a-7000-8000-000000000001', step, attempt: 1 });

function podOf(id: AttemptId): V1Pod {
  return { metadata: { name: podName(id), namespace: namespaceOf(id.workspace), annotations: { [keys.attempt]: JSON.stringify(id) } } };
}

let folder: string;
let store: ObjectStore;
/** Steps whose stored plan cannot be read now. */
let away: Set<string>;
let begun: string[];
let removed: string[];
let adoption: Adoption;
const attempts: Partial<Attempts> = {
  begin({ step }: StepRequest) {
    begun.push(step);
    return Promise.resolve();
  },
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-adopt-'));
  const real = await openObjectStore(`file://${folder}`);
  away = new Set();
  begun = [];
  removed = [];
  const getBytes: ObjectStore['getBytes'] = (key, most) =>
    [...away].some((step) => key.includes(`/${step}/`)) ? Promise.reject(new Error('connect ECONNREFUSED')) : real.getBytes(key, most);
  store = { ...real, getBytes };
  const pods = new Map(['a', 'b', 'planless'].map((step) => [podName(idOf(step)), podOf(idOf(step))]));
  for (const step of ['a', 'b']) await putValue(real, planKey(idOf(step)), { version: 1, request: idOf(step) });
  const watch: Partial<PodWatch> = { list: () => [...pods.values()], get: (name) => pods.get(name) };
  const cluster: Partial<Cluster> = {
    deletePod: (_namespace, name) => {
      removed.push(name);
      return Promise.resolve();
    },
  };
  const ports = { watch: watch as PodWatch, cluster: cluster as Cluster, store, mayStart: () => true };
  adoption = createAdoption(ports, createLogger({ service: 'test', level: 'silent' }));
});
afterEach(() => {
  adoption.close();
  rmSync(folder, { recursive: true });
});

describe('pods that a predecessor left', () => {
  it('are gone on with; one without a plan is removed', async () => {
    await adoption.adopt(attempts as Attempts);
    expect(begun.sort()).toEqual(['a', 'b']);
    expect(removed).toEqual([podName(idOf('planless'))]);
    expect(adoption.pending()).toEqual([]);
  });

  it('whose plans cannot be read now are ours meanwhile, and are taken over when they can', async () => {
    away.add('b');
    await adoption.adopt(attempts as Attempts);
    expect(begun).toEqual(['a']);
    expect(adoption.pending()).toEqual([idOf('b')]);
    away.clear();
    await eventually('b is taken over', () => begun.includes('b'), 20_000);
    expect(adoption.pending()).toEqual([]);
  });
});
