export * from './stage-plan.ts';
export * from './names.ts';
export { ClusterSettings, WorkspacePods } from './settings.ts';
export { buildPod, type PodPlan, type PodResources } from './build-pod.ts';
export { namespaceObjects, type NamespacePlan, type Reachable } from './namespace-objects.ts';
export { podTooLarge } from './too-large.ts';
export { judgePod, type PodVerdict } from './judge-pod.ts';
