import type { V1Pod } from '@kubernetes/client-node';
import { containers, keys, namespaceOf, stepAccount } from './names.ts';
import type { WorkspacePods } from './settings.ts';

export interface ProbePlan {
  name: string;
  workspace: string;
  /** NetworkAccess: which network policy holds. */
  network: boolean;
  stageImage: string;
  workspacePods: WorkspacePods;
  /** By name: `http://…`, `tcp://HOST:PORT`, `name://HOST`. */
  targets: Readonly<Record<string, string>>;
}

/** A pod that looks from where tools are at what they should and should not reach; it prints JSON: `time`, and `found` by target. */
export function probePod({ name, workspace, network, stageImage, workspacePods, targets }: ProbePlan): V1Pod {
  const { uid, imagePullPolicy, imagePullSecrets, nodeSelector, tolerations } = workspacePods;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: namespaceOf(workspace),
      // No shard: executors take no notice of it.
      labels: { [keys.managedBy]: 'runnel', [keys.workspace]: workspace, [keys.network]: network ? 'on' : 'off' },
    },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: stepAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      activeDeadlineSeconds: 120,
      securityContext: { runAsNonRoot: true, runAsUser: uid, runAsGroup: uid, seccompProfile: { type: 'RuntimeDefault' } },
      nodeSelector,
      tolerations,
      imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })),
      containers: [
        {
          name: containers.stage,
          image: stageImage,
          imagePullPolicy,
          args: ['probe', JSON.stringify(targets)],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
        },
      ],
    },
  };
}
