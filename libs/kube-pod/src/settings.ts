import { Toleration, type WorkspaceSettings } from '@runnel/contracts';
import { z } from 'zod';

const Quantity = z.string().regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, 'a Kubernetes quantity, e.g. 500m or 2Gi');

/** How a workspace's pods are placed and what they may use; set by an administrator. */
export const WorkspacePods = z.object({
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z.array(Toleration).default([]),
  priorityClass: z.string().optional(),
  /** The one uid and gid of all three containers. */
  uid: z.int().min(1).default(1000),
  imagePullSecrets: z.array(z.string()).default([]),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  /** Minutes for which the pod of a failed step stays, for a look (`kubectl describe`, `logs`, `debug`); then it is removed too. */
  keepFailedMinutes: z.number().min(0).max(1440).default(0),
  /** ResourceQuota of the namespace, e.g. `{"pods": "50", "requests.cpu": "20"}`. */
  quota: z.record(z.string(), Quantity).default({}),
});
export type WorkspacePods = z.infer<typeof WorkspacePods>;

/** By workspace; `*` holds where none is named. */
export const ClusterSettings = z.record(z.string(), z.unknown()).transform((all, context) => {
  const parsed = new Map<string, WorkspacePods>();
  for (const [workspace, fields] of Object.entries(all)) {
    // What `*` says holds where the workspace says nothing.
    const base = typeof all['*'] === 'object' ? all['*'] : {};
    const result = WorkspacePods.safeParse({ ...base, ...(typeof fields === 'object' ? fields : { workspace: fields }) });
    if (result.success) parsed.set(workspace, result.data);
    else
      for (const issue of result.error.issues)
        context.addIssue({ code: 'custom', path: [workspace, ...issue.path], message: issue.message });
  }
  return (workspace: string): WorkspacePods => parsed.get(workspace) ?? parsed.get('*') ?? WorkspacePods.parse({});
});
export type ClusterSettings = z.output<typeof ClusterSettings>;

/** What the settings of a workspace say of the nodes of its pods. */
export type Placement = Pick<WorkspaceSettings, 'nodeSelector' | 'tolerations' | 'priorityClass'>;

/** What the administrator of the cluster says of a workspace's pods holds before what the workspace's settings say. */
export function placedBy(pods: WorkspacePods, { nodeSelector, tolerations = [], priorityClass }: Placement): WorkspacePods {
  const preferred = pods.priorityClass ?? priorityClass;
  return {
    ...pods,
    nodeSelector: { ...nodeSelector, ...pods.nodeSelector },
    tolerations: [...pods.tolerations, ...tolerations],
    ...(preferred !== undefined && { priorityClass: preferred }),
  };
}
