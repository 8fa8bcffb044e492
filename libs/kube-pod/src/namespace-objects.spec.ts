import type { V1NetworkPolicy } from '@kubernetes/client-node';
import { describe, expect, it } from '@jest/globals';
import { buildPod } from './build-pod.ts';
import { namespaceObjects } from './namespace-objects.ts';
import { ClusterSettings, WorkspacePods } from './settings.ts';

const plan = {
  workspace: 'demo',
  workspacePods: WorkspacePods.parse({ quota: { pods: '10' } }),
  reachable: [
    { cidr: '10.5.0.10/32', port: 443 },
    { cidr: '10.5.0.20/32', port: 8090 },
  ],
};

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
function within(address: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  if (base.includes(':')) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

interface Packet {
  to: string;
  port: number;
  protocol?: string;
  /** Labels of the pod at `to`, where it is one. */
  labels?: Record<string, string>;
}

/** What Kubernetes' rules for NetworkPolicy make of a packet that leaves a pod. */
function mayLeave(
  policies: readonly V1NetworkPolicy[],
  labels: Record<string, string>,
  { to, port, protocol = 'TCP', labels: target }: Packet,
): boolean {
  const selects = (wanted: Record<string, string> = {}, has: Record<string, string> = {}): boolean =>
    Object.entries(wanted).every(([key, value]) => has[key] === value);
  const holding = policies.filter(
    ({ spec }) => selects(spec?.podSelector?.matchLabels, labels) && (spec?.policyTypes ?? []).includes('Egress'),
  );
  if (holding.length === 0) return true;
  return holding.some(({ spec }) =>
    (spec?.egress ?? []).some((rule) => {
      const ports =
        rule.ports === undefined || rule.ports.some((allowed) => allowed.port === port && (allowed.protocol ?? 'TCP') === protocol);
      const peers = (rule.to ?? []).some(({ ipBlock, podSelector }) =>
        ipBlock !== undefined
          ? within(to, ipBlock.cidr) && !(ipBlock.except ?? []).some((except) => within(to, except))
          : target !== undefined && selects(podSelector?.matchLabels, target),
      );
      return ports && peers;
    }),
  );
}

const targets: Record<string, Packet> = {
  s3: { to: '10.5.0.10', port: 443 },
  staging: { to: '10.5.0.20', port: 8090 },
  nats: { to: '10.5.0.20', port: 4222 },
  postgres: { to: '10.5.0.30', port: 5432 },
  'API server': { to: '10.96.0.1', port: 443 },
  metadata: { to: '169.254.169.254', port: 80 },
  DNS: { to: '10.96.0.10', port: 53, protocol: 'UDP', labels: { 'k8s-app': 'kube-dns' } },
  internet: { to: '93.184.216.34', port: 443 },
};
const needed = ['s3', 'staging'];
const policiesOf = (given: typeof plan): V1NetworkPolicy[] => namespaceObjects(given).filter(({ kind }) => kind === 'NetworkPolicy');

function labelsOf(network: boolean): Record<string, string> {
  const attempt = { workspace: 'demo', run: 'r', step: 's', attempt: 1 };
  const resources = { cores: 1, memoryMiB: 1, memoryLimitMiB: 1, diskMiB: 1, diskLimitMiB: 1, extended: {} };
  const settings = {
    workspacePods: plan.workspacePods,
    stageImage: 's',
    stagingUrl: 'http://x',
    hostAliases: [],
    outdir: '/o',
    patienceSeconds: 1,
    deadlineSeconds: 1,
  };
  return buildPod({ name: 'rn-x', attempt, shard: 'x', image: 'i', resources, network, ...settings }).metadata?.labels ?? {};
}

const reached = (policies: readonly V1NetworkPolicy[], network: boolean): string[] =>
  Object.entries(targets)
    .filter(([, packet]) => mayLeave(policies, labelsOf(network), packet))
    .map(([name]) => name);

describe('where a pod may go', () => {
  const policies = policiesOf(plan);

  it('without NetworkAccess: the object store and the staging endpoint', () => {
    expect(reached(policies, false)).toEqual(needed);
  });

  it('with NetworkAccess: names and the internet besides, never our own services, the API server or the metadata address', () => {
    expect(reached(policies, true)).toEqual([...needed, 'DNS', 'internet']);
  });

  it('each policy, and each of its rules, is needed', () => {
    const whole = [reached(policies, false), reached(policies, true)];
    policies.forEach((policy, index) => {
      const others = policies.filter((_, other) => other !== index);
      expect([reached(others, false), reached(others, true)]).not.toEqual(whole);
      policy.spec?.egress?.forEach((_, rule) => {
        const egress = policy.spec?.egress?.filter((_, other) => other !== rule) ?? [];
        const changed = [...others, { ...policy, spec: { ...policy.spec, egress } } as V1NetworkPolicy];
        expect([reached(changed, false), reached(changed, true)]).not.toEqual(whole);
      });
    });
  });

  it('nothing comes in', () => {
    expect(policies.every(({ spec }) => spec?.policyTypes?.includes('Ingress') && spec.ingress === undefined)).toBe(true);
  });
});

describe("a workspace's namespace", () => {
  it('has what is configured', () => {
    expect(namespaceObjects(plan).map(({ kind, metadata }) => `${kind} ${metadata?.name}`)).toEqual([
      'Namespace ws-demo',
      'ServiceAccount runnel-steps',
      'LimitRange runnel',
      'ResourceQuota runnel',
      'NetworkPolicy runnel-steps',
      'NetworkPolicy runnel-network-access',
    ]);
    expect(namespaceObjects({ ...plan, workspacePods: WorkspacePods.parse({}), reachable: [] })).toHaveLength(3);
  });

  it('has its own settings, and those of all where it says nothing', () => {
    const settings = ClusterSettings.parse({ '*': { uid: 2000, priorityClass: 'batch' }, demo: { uid: 3000 } });
    expect(settings('demo')).toMatchObject({ uid: 3000, priorityClass: 'batch', imagePullPolicy: 'IfNotPresent' });
    expect(settings('other')).toMatchObject({ uid: 2000 });
    expect(() => ClusterSettings.parse({ demo: { uid: 0 } })).toThrow(/demo/);
  });
});
