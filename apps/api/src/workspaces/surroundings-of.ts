import type { AcceptedRun } from '@runnel/engine';
import { stepsIn } from '../secrets/secret-rows.ts';
import type { KnownWorkspace } from './known-workspaces.ts';

/**
 * What the workspace in which a run executes says of its steps, pinned at acceptance. `process`: the id, where the process is the workspace's own;
 * code of others is given none of its secrets.
 */
export function surroundingsOf(
  { settings: { images, nodeSelector, tolerations, priorityClass }, secretSteps }: KnownWorkspace,
  { process, secretInputs }: { process: string | undefined; secretInputs: boolean },
): Pick<AcceptedRun, 'surroundings'> {
  const steps = secretInputs ? [''] : process === undefined ? [] : stepsIn(process, secretSteps);
  const surroundings = {
    ...(steps.length === 0 ? {} : { secretSteps: steps }),
    ...(images === undefined
      ? {}
      : { images: { ...(images.allow && { allow: images.allow }), ...(images.replace && { replace: images.replace }) } }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(priorityClass === undefined ? {} : { priorityClass }),
  };
  return Object.keys(surroundings).length === 0 ? {} : { surroundings };
}
