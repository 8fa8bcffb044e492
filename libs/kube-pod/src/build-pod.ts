import type { V1Container, V1Pod, V1ResourceRequirements, V1SecurityContext, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { containers, keys, namespaceOf, places, stagingAudience, stepAccount } from './names.ts';
import type { WorkspacePods } from './settings.ts';
import type { StagedAttempt } from './stage-plan.ts';

/** What a tool gets; cores, MiB. */
export interface PodResources {
  cores: number;
  /** Absent: as much as the node has left. */
  coresLimit?: number;
  memoryMiB: number;
  memoryLimitMiB: number;
  /** Of the output and temporary folders together. */
  diskMiB: number;
  diskLimitMiB: number;
  /** `nvidia.com/gpu` and the like, by whole numbers. */
  extended: Record<string, number>;
}

export interface HostAlias {
  ip: string;
  hostnames: string[];
}

export interface PlacedMount {
  /** Where the tool sees it. */
  path: string;
  /** In `places.absolute`. */
  name: string;
  writable: boolean;
}

/** One attempt as a pod; everything is decided. */
export interface PodPlan {
  name: string;
  attempt: StagedAttempt;
  shard: string;
  image: string;
  resources: PodResources;
  /** NetworkAccess: which network policy holds. */
  network: boolean;
  workspacePods: WorkspacePods;
  /** It is given secrets: the wrapper's plan, which holds them, stands in memory. */
  secrets: boolean;
  stageImage: string;
  /** Where the tool sees its output folder, if not where we do. */
  outdir: string;
  /** What stands at absolute places of the tool's container: files and folders of the volume of inputs. */
  mounts: readonly PlacedMount[];
  stagingUrl: string;
  /** Names that it finds without DNS, which a tool without NetworkAccess does not reach. */
  hostAliases: readonly HostAlias[];
  /** Seconds that the staging endpoint and the store may be away. */
  patienceSeconds: number;
  /** Seconds after which the cluster itself ends the pod: a backstop behind the wrapper's time limit. */
  deadlineSeconds: number;
}

/** Seconds for which a pod outlives its node's silence: then it is another attempt's turn. */
export const lostAfter = 60;

const restricted: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};

/** The manifest of an attempt's pod: nothing in it is looked up, so that making it twice is making it once. */
export function buildPod(plan: PodPlan): V1Pod {
  const { attempt, workspacePods } = plan;
  const { uid } = workspacePods;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: plan.name,
      namespace: namespaceOf(attempt.workspace),
      labels: {
        [keys.managedBy]: 'runnel',
        [keys.shard]: plan.shard,
        [keys.workspace]: attempt.workspace,
        [keys.run]: attempt.run,
        [keys.network]: plan.network ? 'on' : 'off',
      },
      annotations: { [keys.attempt]: JSON.stringify(attempt) },
    },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: stepAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 15,
      activeDeadlineSeconds: plan.deadlineSeconds,
      ...(plan.hostAliases.length > 0 && { hostAliases: [...plan.hostAliases] }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: uid,
        runAsGroup: uid,
        fsGroup: uid,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(Object.keys(workspacePods.nodeSelector).length > 0 && { nodeSelector: workspacePods.nodeSelector }),
      tolerations: [...workspacePods.tolerations, ...lossTolerations],
      ...(workspacePods.priorityClass !== undefined && { priorityClassName: workspacePods.priorityClass }),
      ...(workspacePods.imagePullSecrets.length > 0 && { imagePullSecrets: workspacePods.imagePullSecrets.map((name) => ({ name })) }),
      initContainers: [ours(plan, containers.stage, ['stage'], hidden(plan, {}))],
      // The uploader first: it is there when the tool's wrapper opens the FIFO. No native sidecar: those are killed when the tool ends.
      containers: [ours(plan, containers.upload, ['upload', places.upload]), toolContainer(plan)],
      volumes: volumesOf(plan),
    },
  };
}

const lossTolerations = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: lostAfter,
}));

function ours(plan: PodPlan, name: string, args: string[], more: V1VolumeMount[] = []): V1Container {
  return {
    name,
    image: plan.stageImage,
    imagePullPolicy: plan.workspacePods.imagePullPolicy,
    args,
    env: [
      { name: 'RUNNEL_STAGING_URL', value: plan.stagingUrl },
      { name: 'RUNNEL_STAGING_TOKEN_FILE', value: `${places.token}/token` },
      { name: 'RUNNEL_ATTEMPT', value: JSON.stringify(plan.attempt) },
      { name: 'RUNNEL_PATIENCE', value: String(plan.patienceSeconds) },
    ],
    securityContext: { ...restricted, readOnlyRootFilesystem: true },
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '256Mi' } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'in', mountPath: places.in },
      { name: 'out', mountPath: places.out },
      { name: 'token', mountPath: places.token, readOnly: true },
      ...more,
    ],
  };
}

const hidden = ({ secrets }: PodPlan, mode: { readOnly?: true }): V1VolumeMount[] =>
  secrets ? [{ name: 'hidden', mountPath: places.hidden, ...mode }] : [];

function toolContainer(plan: PodPlan): V1Container {
  return {
    name: containers.tool,
    image: plan.image,
    imagePullPolicy: plan.workspacePods.imagePullPolicy,
    command: [places.program, 'wrap', plan.secrets ? places.hiddenWrap : places.wrap],
    workingDir: plan.outdir,
    securityContext: restricted,
    resources: resourcesOf(plan.resources),
    volumeMounts: [
      { name: 'in', mountPath: places.in, readOnly: true },
      { name: 'out', mountPath: places.out },
      ...(plan.outdir === places.work ? [] : [{ name: 'out', mountPath: plan.outdir, subPath: 'work' }]),
      ...plan.mounts.map(({ path, name, writable }) => ({
        name: 'in',
        mountPath: path,
        subPath: `${within(places.absolute, places.in)}/${name}`,
        ...(!writable && { readOnly: true }),
      })),
      ...hidden(plan, { readOnly: true }),
    ],
  };
}

function resourcesOf(resources: PodResources): V1ResourceRequirements {
  const extended = Object.fromEntries(Object.entries(resources.extended).map(([name, count]) => [name, String(count)]));
  return {
    requests: {
      cpu: milli(resources.cores),
      memory: mebi(resources.memoryMiB),
      'ephemeral-storage': mebi(resources.diskMiB),
      ...extended,
    },
    limits: {
      ...(resources.coresLimit !== undefined && { cpu: milli(resources.coresLimit) }),
      memory: mebi(resources.memoryLimitMiB),
      'ephemeral-storage': mebi(resources.diskLimitMiB),
      ...extended,
    },
  };
}

const within = (path: string, folder: string): string => path.slice(folder.length + 1);

const milli = (cores: number): string => `${Math.max(1, Math.ceil(cores * 1000))}m`;
const mebi = (size: number): string => `${Math.max(1, Math.ceil(size))}Mi`;

function volumesOf({ resources, secrets }: PodPlan): V1Volume[] {
  return [
    { name: 'in', emptyDir: {} },
    { name: 'out', emptyDir: { sizeLimit: mebi(resources.diskLimitMiB) } },
    ...(secrets ? [{ name: 'hidden', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } }] : []),
    {
      name: 'token',
      projected: {
        // The pod's uid reads it (fsGroup), and nobody else: it is not mounted beside the tool.
        defaultMode: 0o440,
        sources: [{ serviceAccountToken: { audience: stagingAudience, expirationSeconds: 3600, path: 'token' } }],
      },
    },
  ];
}
