export * from './stage-plan.ts';
export * from './names.ts';
export { ClusterSettings, WorkspacePods } from './settings.ts';
export { buildPod, type HostAlias, type PodPlan, type PodResources } from './build-pod.ts';
export { namespaceObjects, type NamespacePlan, type Reachable, type ReachablePods } from './namespace-objects.ts';
export { podTooLarge } from './too-large.ts';
export { judgePod, type PodVerdict } from './judge-pod.ts';
