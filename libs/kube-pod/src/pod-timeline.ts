import type { V1Pod } from '@kubernetes/client-node';
import { containers } from './names.ts';

/**
 * For people: how long a pod took to its tool's start, by the cluster's whole seconds. Undefined before that.
 * What its node does between its inputs and its tool is pulling images and making containers.
 */
export function podTimeline({ metadata, status }: V1Pod): string | undefined {
  const tool = status?.containerStatuses?.find(({ name }) => name === containers.tool)?.state;
  const stage = status?.initContainerStatuses?.find(({ name }) => name === containers.stage)?.state?.terminated;
  const scheduled = status?.conditions?.find(({ type, status: held }) => type === 'PodScheduled' && held === 'True')?.lastTransitionTime;
  const made = metadata?.creationTimestamp;
  const started = (tool?.running ?? tool?.terminated)?.startedAt;
  if (!made || !scheduled || !stage?.startedAt || !stage.finishedAt || !started) return undefined;
  const seconds = (from: Date, to: Date): string =>
    `${Math.max(0, Math.round((Date.parse(String(to)) - Date.parse(String(from))) / 1000))} s`;
  return [
    `its tool started ${seconds(made, started)} after its pod was made:`,
    `${seconds(made, scheduled)} for a node,`,
    `${seconds(scheduled, stage.startedAt)} for its pod there,`,
    `${seconds(stage.startedAt, stage.finishedAt)} for its inputs,`,
    `${seconds(stage.finishedAt, started)} for its image and container`,
  ].join(' ');
}
