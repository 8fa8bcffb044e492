import type { DataOf, StepRequested } from '@runnel/contracts';
import type { RunSurroundings } from '@runnel/engine';

/** What the workspace's settings at acceptance say of one step. */
export function surroundingsOf(
  surroundings: RunSurroundings | undefined,
  step: string,
): Pick<DataOf<typeof StepRequested>, 'secrets' | 'images' | 'nodeSelector' | 'tolerations' | 'priorityClass'> {
  if (surroundings === undefined) return {};
  const { secretSteps = [], images, nodeSelector, tolerations, priorityClass } = surroundings;
  const place = step.replaceAll(/\[\d+\]/g, '');
  return {
    ...(secretSteps.some((one) => one === '' || one === place) ? { secrets: true } : {}),
    ...(images === undefined
      ? {}
      : { images: { ...(images.allow && { allow: [...images.allow] }), ...(images.replace && { replace: { ...images.replace } }) } }),
    ...(nodeSelector === undefined ? {} : { nodeSelector: { ...nodeSelector } }),
    ...(tolerations === undefined ? {} : { tolerations: [...tolerations] }),
    ...(priorityClass === undefined ? {} : { priorityClass }),
  };
}
