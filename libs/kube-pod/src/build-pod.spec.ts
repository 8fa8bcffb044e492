import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { buildPod, type PodPlan } from './build-pod.ts';
import { podNameOf, podNameText } from './names.ts';
import { placedBy, WorkspacePods } from './settings.ts';

const attempt = { workspace: 'demo', run: '01936d2e-7c1a-7000-8000-000000000001', step: 'tile[3]', attempt: 1 };

const plain: PodPlan = {
  name: 'rn-aaaaaaaaaaaaaaaaaaaa',
  attempt,
  shard: 'node-1',
  image: 'registry.example/tool:1',
  resources: { cores: 1, memoryMiB: 256, memoryLimitMiB: 4096, diskMiB: 0, diskLimitMiB: 10_240, extended: {} },
  network: false,
  workspacePods: WorkspacePods.parse({}),
  secrets: false,
  stageImage: 'registry.example/stage:1',
  stagingUrl: 'http://executor.runnel.svc:8090',
  hostAliases: [],
  outdir: '/runnel/out/work',
  mounts: [],
  patienceSeconds: 300,
  deadlineSeconds: 90_000,
};

const everything: PodPlan = {
  ...plain,
  resources: {
    cores: 0.25,
    coresLimit: 2,
    memoryMiB: 1024.5,
    memoryLimitMiB: 2048,
    diskMiB: 300,
    diskLimitMiB: 500,
    extended: { 'nvidia.com/gpu': 2 },
  },
  network: true,
  hostAliases: [{ ip: '10.96.0.7', hostnames: ['executor.runnel.svc'] }],
  outdir: '/other',
  mounts: [{ path: '/data/in.txt', name: '0', writable: false }],
  workspacePods: WorkspacePods.parse({
    nodeSelector: { pool: 'spot' },
    tolerations: [{ key: 'spot', operator: 'Exists', effect: 'NoSchedule' }],
    priorityClass: 'batch',
    uid: 4000,
    imagePullSecrets: ['registry'],
    imagePullPolicy: 'Always',
  }),
};

/** What the settings of the workspace add to what the administrator of the cluster says. */
const given: PodPlan = {
  ...plain,
  secrets: true,
  workspacePods: placedBy(WorkspacePods.parse({ nodeSelector: { pool: 'eo' }, tolerations: [{ key: 'eo', operator: 'Exists' }] }), {
    nodeSelector: { pool: 'theirs', disk: 'ssd' },
    tolerations: [{ key: 'spot', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }],
    priorityClass: 'batch',
  }),
};

const golden = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, 'golden', `${name}.json`), 'utf8'));

describe('a pod', () => {
  it.each([
    ['plain', plain],
    ['everything', everything],
    ['secrets-and-settings', given],
  ])('%s', (name, plan) => {
    expect(buildPod(plan)).toEqual(golden(name));
  });

  it('gives its token and its way to the staging endpoint to our containers only', () => {
    const [upload, tool] = buildPod(everything).spec?.containers ?? [];
    expect(upload?.volumeMounts?.map(({ name }) => name)).toContain('token');
    expect(tool?.volumeMounts?.map(({ name }) => name)).not.toContain('token');
    expect(tool?.volumeMounts).toContainEqual({ name: 'in', mountPath: '/runnel/in', readOnly: true });
    expect(tool?.env).toBeUndefined();
  });

  it('has nothing in memory, nor another plan, without secrets; with them only the stager and the tool have it', () => {
    const volumes = (plan: PodPlan): unknown[] =>
      (buildPod(plan).spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir?.medium === 'Memory');
    expect([volumes(plain).length, volumes(given).length]).toEqual([0, 1]);
    const { initContainers = [], containers = [] } = buildPod(given).spec ?? {};
    const having = [...initContainers, ...containers].filter(({ volumeMounts = [] }) => volumeMounts.some(({ name }) => name === 'hidden'));
    expect(having.map(({ name }) => name)).toEqual(['stage', 'tool']);
  });

  it('satisfies the restricted pod security standard', () => {
    const { spec } = buildPod(plain);
    expect(spec?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(spec?.automountServiceAccountToken).toBe(false);
    for (const { securityContext } of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])])
      expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    expect(spec?.volumes?.every((volume) => volume.emptyDir !== undefined || volume.projected !== undefined)).toBe(true);
  });

  it('has the name that its attempt has, and no other attempt', () => {
    const nameOf = (id: typeof attempt): string => podNameOf(createHash('sha256').update(podNameText(id)).digest());
    expect(nameOf(attempt)).toMatch(/^rn-[a-z2-7]{20}$/);
    expect(nameOf(attempt)).toBe(nameOf({ ...attempt, workspace: 'other' }));
    expect(new Set([attempt, { ...attempt, attempt: 2 }, { ...attempt, step: 'tile[4]' }].map(nameOf)).size).toBe(3);
  });
});
