import type { V1NetworkPolicy } from '@kubernetes/client-node';
import { describe, expect, it } from '@jest/globals';
import { buildPod } from './build-pod.ts';
import { namespaceObjects, type NamespacePlan } from './namespace-objects.ts';
import { ClusterSettings, WorkspacePods } from './settings.ts';

const plan: NamespacePlan = {
  workspace: 'demo',
  workspacePods: WorkspacePods.parse({ quota: { pods: '10' } }),
  reachable: [
    { cidr: '10.5.0.10/32', port: 443 },
    { cidr: '10.5.0.20/32', port: 8090 },
  ],
};
/** As above, where the executors are pods of the cluster: behind a Service's address, which policies do not know. */
const withPods: NamespacePlan = {
  ...plan,
  reachable: [{ cidr: '10.5.0.10/32', port: 443 }],
  staging: { namespace: 'runnel', labels: { 'app.kubernetes.io/component': 'executor' }, port: 8090 },
};

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
function within(address: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  if (base.includes(':') || address.includes(':')) return within6(address, cidr);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

/** Enough of IPv6 for the ranges here: whole groups of 16 bits, and fc00::/7. */
function within6(address: string, cidr: string): boolean {
  if (!address.includes(':') || !cidr.includes(':')) return false;
  const first = (text: string): number => Number.parseInt(text.split(':')[0] || '0', 16);
  const bits = Number(cidr.split('/')[1]);
  if (bits === 0) return true;
  if (bits === 128) return address === cidr.split('/')[0];
  if (bits >= 16) return address.startsWith(cidr.replace(/::.*$/, ':')) && first(address) === first(cidr);
  return first(address) >> (16 - bits) === first(cidr) >> (16 - bits);
}

interface Packet {
  to: string;
  port: number;
  protocol?: string;
  /** Labels of the pod at `to`, where it is one, and its namespace. */
  labels?: Record<string, string>;
  namespace?: string;
}

/** What Kubernetes' rules for NetworkPolicy make of a packet that leaves a pod. */
function mayLeave(
  policies: readonly V1NetworkPolicy[],
  labels: Record<string, string>,
  { to, port, protocol = 'TCP', labels: target, namespace = 'default' }: Packet,
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
        (rule.ports ?? []).length === 0 ||
        (rule.ports ?? []).some((allowed) => allowed.port === port && (allowed.protocol ?? 'TCP') === protocol);
      // No peer, or no port, means all.
      const peers =
        (rule.to ?? []).length === 0 ||
        (rule.to ?? []).some(({ ipBlock, podSelector, namespaceSelector }) =>
          ipBlock !== undefined
            ? within(to, ipBlock.cidr) && !(ipBlock.except ?? []).some((except) => within(to, except))
            : target !== undefined &&
              selects(podSelector?.matchLabels, target) &&
              // Without a selector of namespaces only pods of the policy's own are meant.
              (namespaceSelector === undefined
                ? namespace === 'ws-demo'
                : selects(namespaceSelector.matchLabels, { 'kubernetes.io/metadata.name': namespace })),
        );
      return ports && peers;
    }),
  );
}

const targets: Record<string, Packet> = {
  s3: { to: '10.5.0.10', port: 443 },
  staging: { to: '10.5.0.20', port: 8090 },
  "the store's other ports": { to: '10.5.0.10', port: 9000 },
  nats: { to: '10.5.0.20', port: 4222 },
  postgres: { to: '10.5.0.30', port: 5432 },
  'API server': { to: '10.96.0.1', port: 443 },
  metadata: { to: '169.254.169.254', port: 80 },
  DNS: { to: '10.96.0.10', port: 53, protocol: 'UDP', labels: { 'k8s-app': 'kube-dns' }, namespace: 'kube-system' },
  'DNS over TCP': { to: '10.96.0.10', port: 53, labels: { 'k8s-app': 'kube-dns' }, namespace: 'kube-system' },
  "other hosts' port 53": { to: '10.5.0.40', port: 53, protocol: 'UDP' },
  "a resolver's other ports": { to: '10.96.0.10', port: 9153, labels: { 'k8s-app': 'kube-dns' }, namespace: 'kube-system' },
  'internet by IPv6': { to: '2606:2800::1', port: 443 },
  'metadata by IPv6': { to: 'fd00:ec2::254', port: 80 },
  'private addresses': { to: '192.168.1.1', port: 443 },
  'private addresses of Docker': { to: '172.17.0.1', port: 443 },
  'carrier-grade NAT': { to: '100.100.100.200', port: 80 },
  'the node itself': { to: '127.0.0.1', port: 10250 },
  'the node itself by IPv6': { to: '::1', port: 10250 },
  'neighbours by IPv6': { to: 'fe80::1', port: 443 },
  'IPv4 behind NAT64': { to: '64:ff9b::a00:1', port: 443 },
  internet: { to: '93.184.216.34', port: 443 },
};
/** Where the executors are pods. */
const executor = { 'app.kubernetes.io/component': 'executor' };
const pods: Record<string, Packet> = {
  'a pod that answers at port 53': { to: '10.88.0.9', port: 53, protocol: 'UDP', labels: {}, namespace: 'default' },
  executors: { to: '10.88.0.5', port: 8090, labels: executor, namespace: 'runnel' },
  "an executor's other ports": { to: '10.88.0.5', port: 9090, labels: executor, namespace: 'runnel' },
  'other pods of its namespace': { to: '10.88.0.6', port: 8090, labels: { 'app.kubernetes.io/component': 'api' }, namespace: 'runnel' },
  'pods that only look like executors': { to: '10.88.0.7', port: 8090, labels: executor, namespace: 'ws-other' },
};
const needed = ['s3', 'staging'];
/** A value with one of its elements less, or one label of its selectors: each such value. */
function* withoutOne<T>(value: T): Generator<T> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const put = (changed: unknown): T => (Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }) as T;
    if (Array.isArray(value)) yield value.toSpliced(Number(key), 1) as T;
    else if (key === 'matchLabels')
      for (const label of Object.keys(part as object)) yield put(omit(part as Record<string, unknown>, label));
    for (const changed of withoutOne(part)) yield put(changed);
  }
}

const omit = (from: Record<string, unknown>, name: string): unknown =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));

const policiesOf = (given: NamespacePlan): V1NetworkPolicy[] => namespaceObjects(given).filter(({ kind }) => kind === 'NetworkPolicy');

function labelsOf(network: boolean): Record<string, string> {
  const attempt = { workspace: 'demo', run: 'r', step: 's', attempt: 1 };
  const resources = { cores: 1, memoryMiB: 1, memoryLimitMiB: 1, diskMiB: 1, diskLimitMiB: 1, extended: {} };
  const settings = {
    workspacePods: plan.workspacePods,
    secrets: false,
    stageImage: 's',
    stagingUrl: 'http://x',
    hostAliases: [],
    outdir: '/o',
    mounts: [],
    patienceSeconds: 1,
    deadlineSeconds: 1,
  };
  return buildPod({ name: 'rn-x', attempt, shard: 'x', image: 'i', resources, network, ...settings }).metadata?.labels ?? {};
}

const reached = (policies: readonly V1NetworkPolicy[], network: boolean): string[] =>
  Object.entries({ ...targets, ...pods })
    .filter(([, packet]) => mayLeave(policies, labelsOf(network), packet))
    .map(([name]) => name);

describe('where a pod may go', () => {
  const policies = policiesOf(plan);
  const withNetwork = ['DNS', 'DNS over TCP', 'internet by IPv6', 'internet'];

  it('without NetworkAccess: the object store and the staging endpoint', () => {
    expect(reached(policies, false)).toEqual(needed);
  });

  it('with NetworkAccess: names and the internet besides, never our own services, the API server or the metadata address', () => {
    expect(reached(policies, true)).toEqual([...needed, ...withNetwork]);
  });

  it('to executors that are pods, at the port of the staging endpoint only', () => {
    expect(reached(policiesOf(withPods), false)).toEqual(['s3', 'executors']);
    expect(reached(policiesOf(withPods), true)).toEqual(['s3', ...withNetwork, 'executors']);
  });

  it.each([
    ['outside', plan],
    ['pods', withPods],
  ])('each policy, each of its rules, and each of their peers, ports and exceptions is needed (executors %s)', (_where, given) => {
    const policies = policiesOf(given);
    const whole = [reached(policies, false), reached(policies, true)];
    policies.forEach((policy, index) => {
      const others = policies.filter((_, other) => other !== index);
      expect([reached(others, false), reached(others, true)]).not.toEqual(whole);
      for (const egress of withoutOne(policy.spec?.egress ?? [])) {
        const changed = [...others, { ...policy, spec: { ...policy.spec, egress } } as V1NetworkPolicy];
        expect({ egress, reached: [reached(changed, false), reached(changed, true)] }).not.toEqual({ egress, reached: whole });
      }
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
