import { namespaceObjects } from '@runnel/kube-pod';
import type { BackendContext } from '../backend.ts';
import type { ExecutorConfig } from '../config.ts';
import type { Cluster } from './cluster.ts';

/** Makes a workspace's namespace once. Where that is forbidden it is expected to be there. */
export function namespaceMaker(
  cluster: Cluster,
  config: ExecutorConfig,
  logger: BackendContext['logger'],
): (workspace: string) => Promise<void> {
  const made = new Map<string, Promise<void>>();
  const make = async (workspace: string): Promise<void> => {
    const { reachable, stagingPods, stagingPort } = config;
    const staging = stagingPods && { ...stagingPods, port: stagingPort };
    const plan = { workspace, workspacePods: config.workspacePods(workspace), reachable, staging };
    for (const object of namespaceObjects(plan)) {
      const answer = await cluster.ensure(object);
      if (answer === 'forbidden') logger.info({ kind: object.kind, workspace }, 'may not be made here: it is expected to be there');
    }
  };
  return (workspace) => {
    const making = made.get(workspace) ?? make(workspace);
    made.set(workspace, making);
    making.catch(() => made.delete(workspace));
    return making;
  };
}
