import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CoreV1Api, V1Pod } from '@kubernetes/client-node';
import { containers, keys, namespaceOf, probePod, WorkspacePods } from '@runnel/kube-pod';
import { openObjectStore } from '@runnel/objects';
import { z } from 'zod';
import type { Check } from './doctor-checks.ts';
import { installationOf, type OperatorOptions } from './operator.ts';

export interface ClusterOptions extends OperatorOptions {
  kubeconfig?: string;
  /** Whose namespace probe pods run in. */
  workspace: string;
  stageImage: string;
  stagingUrl?: string;
  imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
}

const Answer = z.object({ time: z.coerce.date(), found: z.record(z.string(), z.string()) });
type Answer = z.infer<typeof Answer> & { pulled: number };

/** `verb resource` of what executors do everywhere, and of what they need where they make namespaces themselves. */
const needed = ['create pods', 'delete pods', 'list pods', 'watch pods', 'get pods/log'];
const optional = ['create namespaces', 'create serviceaccounts', 'create limitranges', 'create resourcequotas', 'create networkpolicies', 'list nodes']; // prettier-ignore

/** What `runnel doctor --kubeconfig` looks at besides, as the account of that file. */
export async function clusterChecks(options: ClusterOptions): Promise<Record<string, Check>> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  const core = config.makeApiClient(client.CoreV1Api);
  const rights = config.makeApiClient(client.AuthorizationV1Api);
  const may = async (right: string): Promise<boolean> => {
    const [verb = '', name = ''] = right.split(' ');
    const [resource = '', subresource] = name.split('/');
    const group = resource === 'networkpolicies' ? 'networking.k8s.io' : '';
    const resourceAttributes = { verb, resource, group, ...(subresource !== undefined && { subresource }) };
    const { status } = await rights.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
    return status?.allowed === true;
  };
  const lacking = async (all: readonly string[]): Promise<string[]> => {
    const held = await Promise.all(all.map(may));
    return all.filter((_, index) => held[index] !== true);
  };
  const targets = targetsOf(options, config.getCurrentCluster()?.server);
  const looks = new Map<boolean, Promise<Answer>>();
  const look = (network: boolean): Promise<Answer> => {
    const looking = looks.get(network) ?? targets.then((wanted) => probe(core, options, network, wanted));
    looks.set(network, looking);
    return looking;
  };
  const foundBy = async (target: string, network = false): Promise<string> =>
    (await look(network)).found[target] ?? 'failed: not looked at';

  return {
    cluster: async () => {
      const { gitVersion, minor } = await config.makeApiClient(client.VersionApi).getCode();
      if (Number.parseInt(minor) < 30) throw new Error(`version ${gitVersion}: 1.30 or newer is needed`);
      return `version ${gitVersion}`;
    },
    'cluster rights': async () => {
      const missing = await lacking(needed);
      if (missing.length > 0) throw new Error(`this account may not ${missing.join(', ')}: deploy/helm/templates/rbac.yaml has the rules`);
      const expected = await lacking(optional);
      return expected.length === 0 ? 'all' : `without ${expected.join(', ')}: these are expected to be there, or not known`;
    },
    'cluster quota': async () => {
      const { items } = await core.listResourceQuotaForAllNamespaces({ labelSelector: `${keys.managedBy}=runnel` });
      const full = items.flatMap(({ metadata, status }) =>
        Object.entries(status?.hard ?? {})
          .filter(([name, hard]) => hard === status?.used?.[name])
          .map(([name, hard]) => `${name} of ${metadata?.namespace} (${hard})`),
      );
      return full.length === 0 ? `${items.length} quotas, none used up` : `used up, steps wait: ${full.join(', ')}`;
    },
    'image pull': async () => `the image beside the tools was there after ${(await look(false)).pulled.toFixed(0)} s`,
    'node clock': async () => {
      const { time } = await look(false);
      // It looked a moment ago: only a larger difference is the clock's.
      const skew = Math.abs(Date.now() - time.getTime()) / 1000;
      if (skew > 60)
        throw new Error(
          `a node and this machine differ by ${skew.toFixed(0)} s: presigned addresses and tokens fail, synchronise the clocks`,
        );
      return 'agrees with this machine within a minute';
    },
    'store by pods': async () => {
      const found = await foundBy('store');
      // What is not there is said to those alone whose signature is right.
      if (found !== '404') throw new Error(`a pod gets ${found} for a presigned address: check podEndpoint, RUNNEL_REACHABLE and clocks`);
      return 'presigned addresses work inside a pod';
    },
    'staging by pods': async () => {
      if (options.stagingUrl === undefined) return 'not looked at: give --staging-url';
      const found = await foundBy('staging');
      if (found !== '404')
        throw new Error(`a pod gets ${found} from ${options.stagingUrl}: is the executor there, and in RUNNEL_REACHABLE?`);
      return `${options.stagingUrl} answers a pod`;
    },
    'DNS in pods': async () => {
      const found = await foundBy('dns', true);
      if (found.startsWith('failed')) throw new Error(`tools with NetworkAccess find no names (${found}): is the cluster's DNS there?`);
      return `kubernetes.default.svc is ${found}`;
    },
    'network policy': async () => {
      const open = Object.entries((await look(true)).found).filter(([name, found]) => /^closed /.test(name) && !found.startsWith('failed'));
      if (open.length === 0) return 'tools reach neither the API server nor the metadata address';
      const names = open.map(([name]) => name.slice('closed '.length)).join(' and ');
      throw new Error(`tools reach the ${names}: the cluster's network plugin enforces no policies, or RUNNEL_REACHABLE is empty`);
    },
  };
}

async function targetsOf({ stagingUrl, ...options }: ClusterOptions, server: string | undefined): Promise<Record<string, string>> {
  const { objects } = await installationOf(options);
  const { direct } = await openObjectStore(objects);
  if (!direct) throw new Error(`pods cannot reach ${objects}: RUNNEL_OBJECTS=s3://… is needed`);
  const [signed] = await direct.signGets(['runnel-doctor/no-such-object']);
  return {
    ...(signed && { store: signed.url }),
    ...(stagingUrl !== undefined && { staging: `${stagingUrl}/no-such-call` }),
    dns: 'name://kubernetes.default.svc.cluster.local',
    ...(server !== undefined && { 'closed API server': 'tcp://kubernetes.default.svc.cluster.local:443' }),
    'closed metadata address': 'tcp://169.254.169.254:80',
  };
}

/** Runs a probe in a pod and removes it. */
async function probe(core: CoreV1Api, options: ClusterOptions, network: boolean, targets: Record<string, string>): Promise<Answer> {
  const { workspace, stageImage, imagePullPolicy } = options;
  const name = `runnel-doctor-${randomBytes(4).toString('hex')}`;
  const of = { namespace: namespaceOf(workspace), name };
  const workspacePods = WorkspacePods.parse({ imagePullPolicy });
  await core
    .createNamespacedPod({ namespace: of.namespace, body: probePod({ name, workspace, network, stageImage, workspacePods, targets }) })
    .catch((error: unknown) => {
      throw new Error(`no pod could be made in ${of.namespace} (--workspace names another; a run makes it): ${saidBy(error)}`);
    });
  try {
    const pod = await untilEnded(core, of);
    const log = await core.readNamespacedPodLog({ ...of, container: containers.stage });
    return { ...Answer.parse(JSON.parse(log)), pulled: secondsToStart(pod) };
  } finally {
    await core.deleteNamespacedPod({ ...of, gracePeriodSeconds: 0 }).catch(() => undefined);
  }
}

async function untilEnded(core: CoreV1Api, of: { namespace: string; name: string }): Promise<V1Pod> {
  for (const end = performance.now() + 90_000; ; await sleep(500)) {
    const pod = await core.readNamespacedPod(of);
    const { phase, containerStatuses = [], conditions = [] } = pod.status ?? {};
    if (phase === 'Succeeded') return pod;
    const waiting = containerStatuses[0]?.state?.waiting;
    const why = waiting?.message ?? waiting?.reason ?? conditions.find(({ status }) => status === 'False')?.message ?? phase;
    if (phase === 'Failed' || /^(ErrImage|ImagePull|InvalidImage)/.test(waiting?.reason ?? ''))
      throw new Error(`a pod could not look: ${why}`);
    if (performance.now() > end) throw new Error(`a pod did not get to run within 90 s: ${why}`);
  }
}

function secondsToStart({ metadata, status }: V1Pod): number {
  const started = status?.containerStatuses?.[0]?.state?.terminated?.startedAt;
  return started && metadata?.creationTimestamp ? (started.getTime() - metadata.creationTimestamp.getTime()) / 1000 : 0;
}

function saidBy(error: unknown): string {
  const body = typeof error === 'object' && error !== null && 'body' in error ? String(error.body) : '';
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? (error instanceof Error ? error.message : String(error));
}
