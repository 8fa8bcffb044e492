import type {
  KubernetesObject,
  V1LimitRange,
  V1Namespace,
  V1NetworkPolicy,
  V1NetworkPolicyEgressRule,
  V1ResourceQuota,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import { keys, namespaceOf, stepAccount } from './names.ts';
import type { WorkspacePods } from './settings.ts';

/** An address range that pods may reach; without a port: all of them. */
export interface Reachable {
  cidr: string;
  port?: number;
}

/** Pods of another namespace: policies hold behind a Service's address, which they do not know. */
export interface ReachablePods {
  namespace: string;
  labels: Record<string, string>;
  port: number;
}

export interface NamespacePlan {
  workspace: string;
  workspacePods: WorkspacePods;
  /** Object store and staging endpoint, as pods reach them. None: no policy is made, and the cluster's own holds. */
  reachable: readonly Reachable[];
  /** The executors, where they are pods of this cluster. */
  staging?: ReachablePods | undefined;
}

/** Never reached by a tool, whatever NetworkAccess says: private and local addresses, the metadata service, carrier-grade NAT. */
const closed = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];
const closed6 = ['::1/128', 'fc00::/7', 'fe80::/10', '64:ff9b::/96'];

/** Everything that a workspace's namespace holds beside its pods, in the order in which it is made. */
export function namespaceObjects(plan: NamespacePlan): KubernetesObject[] {
  const { workspace, workspacePods, reachable, staging } = plan;
  const namespace = namespaceOf(workspace);
  const labels = { [keys.managedBy]: 'runnel', [keys.workspace]: workspace };
  const own: V1Namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
  const account: V1ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: stepAccount, namespace, labels },
    automountServiceAccountToken: false,
  };
  const limits: V1LimitRange = {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'runnel', namespace, labels },
    spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '10m', memory: '32Mi' }, _default: { memory: '256Mi' } }] },
  };
  const quota: V1ResourceQuota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'runnel', namespace, labels },
    spec: { hard: workspacePods.quota },
  };
  return [
    own,
    account,
    limits,
    ...(Object.keys(workspacePods.quota).length > 0 ? [quota] : []),
    ...(reachable.length > 0 ? policies(namespace, labels, { reachable, staging }) : []),
  ];
}

/** Nothing comes in; out goes what every pod needs, and the internet for tools with NetworkAccess. Policies add up. */
function policies(
  namespace: string,
  labels: Record<string, string>,
  { reachable, staging }: Pick<NamespacePlan, 'reachable' | 'staging'>,
): V1NetworkPolicy[] {
  const policy = (name: string, podSelector: Record<string, string>, egress: V1NetworkPolicyEgressRule[]): V1NetworkPolicy => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels },
    spec: { podSelector: { matchLabels: podSelector }, policyTypes: ['Ingress', 'Egress'], egress },
  });
  const needed: V1NetworkPolicyEgressRule[] = reachable.map(({ cidr, port }) => ({
    to: [{ ipBlock: { cidr } }],
    ...(port !== undefined && { ports: [{ protocol: 'TCP', port }] }),
  }));
  if (staging)
    needed.push({
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': staging.namespace } },
          podSelector: { matchLabels: staging.labels },
        },
      ],
      ports: [{ protocol: 'TCP', port: staging.port }],
    });
  const internet = { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: closed } }, { ipBlock: { cidr: '::/0', except: closed6 } }] };
  const names = {
    to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
    ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 })),
  };
  return [policy('runnel-steps', {}, needed), policy('runnel-network-access', { [keys.network]: 'on' }, [internet, names])];
}
