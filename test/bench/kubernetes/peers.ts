import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildPod, places, WorkspacePods, type PodPlan } from '@runnel/kube-pod';
import { cache, clusterEnv, kubectl } from '../../kubernetes/cluster.ts';

type Pod = ReturnType<typeof buildPod>;
type Container = NonNullable<Pod['spec']>['containers'][number];

/** Namespace of pods that Runnel knows nothing of. */
const namespace = 'ws-peer';
const image = 'registry.local/busybox:1.35';

/** One container of the tool's image and its command, and nothing else. */
export function barePod(name: string, command: string[]): Pod {
  const container: Container = { name: 'tool', image, imagePullPolicy: 'Never', command };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { restartPolicy: 'Never', automountServiceAccountToken: false, enableServiceLinks: false, containers: [container] },
  };
}

/**
 * A pod as Runnel makes it, whose containers but the tool's do nothing: the first makes the FIFO, the uploader waits for its end. They are of
 * the tool's image, for the image of ours holds nothing to do nothing with.
 */
export function idlePod(name: string, command: string): Pod {
  const plan: PodPlan = {
    name,
    attempt: { workspace: 'peer', run: 'bench', step: name, attempt: 1 },
    shard: 'bench',
    image,
    resources: { cores: 0.01, memoryMiB: 32, memoryLimitMiB: 64, diskMiB: 16, diskLimitMiB: 1024, extended: {} },
    network: false,
    secrets: false,
    workspacePods: WorkspacePods.parse({ imagePullPolicy: 'Never' }),
    stageImage: image,
    outdir: places.work,
    mounts: [],
    stagingUrl: 'http://127.0.0.1',
    hostAliases: [],
    patienceSeconds: 60,
    deadlineSeconds: 600,
  };
  const pod = buildPod(plan);
  const does = (container: Container | undefined, script: string): void => {
    if (container !== undefined) Object.assign(container, { command: ['sh', '-c', script], args: [] });
  };
  does(pod.spec?.initContainers?.[0], `mkfifo ${places.fifo}; mkdir -p ${places.work}`);
  does(pod.spec?.containers[0], `cat ${places.fifo}`);
  does(pod.spec?.containers[1], `exec 9>${places.fifo}; ${command}`);
  return { ...pod, metadata: { ...pod.metadata, namespace }, spec: { ...pod.spec, serviceAccountName: 'default' } as Pod['spec'] } as Pod;
}

export function makePeerNamespace(): void {
  kubectl('create', 'namespace', namespace);
  kubectl('-n', namespace, 'wait', '--for=create', 'serviceaccount/default', '--timeout=60s');
}

/** Seconds from the first request until the last pod has succeeded; they are removed afterwards, outside of that time. */
export function wallOf(pods: Pod[]): number {
  const begun = performance.now();
  create(pods);
  succeeded('--all');
  const wall = (performance.now() - begun) / 1000;
  remove('--all');
  return wall;
}

/** Runs one pod with an empty folder at /out to its end and returns what it printed. */
export async function runPod(name: string, container: Pick<Container, 'image' | 'command'>): Promise<string> {
  const pod = barePod(name, []);
  const mounted: Container = { name: 'tool', ...container, imagePullPolicy: 'Never', volumeMounts: [{ name: 'out', mountPath: '/out' }] };
  Object.assign(pod.spec ?? {}, { containers: [mounted], volumes: [{ name: 'out', emptyDir: {} }] });
  create([pod]);
  // A pod that fails will never have succeeded.
  const ended = ['wait', '--for=jsonpath={.status.containerStatuses[0].state.terminated}', 'pod', name, '--timeout=900s'];
  // Beside it connections are kept, which must be heard of.
  await promisify(execFile)(join(cache, 'bin/kubectl'), ['-n', namespace, ...ended], { env: clusterEnv });
  const said = kubectl('-n', namespace, 'logs', name);
  const code = kubectl('-n', namespace, 'get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}');
  remove(name);
  if (code !== '0') throw new Error(`the pod ${name} ended with exit code ${code}:\n${said}`);
  return said;
}

function create(items: Pod[]): void {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  execFileSync(join(cache, 'bin/kubectl'), ['create', '-f', '-'], { input: list, env: clusterEnv, stdio: ['pipe', 'ignore', 'inherit'] });
}

const succeeded = (which: string): string =>
  kubectl('-n', namespace, 'wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod', which, '--timeout=900s');

const remove = (which: string): string => kubectl('-n', namespace, 'delete', 'pods', which, '--grace-period=0', '--wait=true');
