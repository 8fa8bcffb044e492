import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StepLog } from '@runnel/contracts';
import { outgoing, publishEphemeral, type Messaging } from '@runnel/messaging';
import { storedValues, type ObjectStore } from '@runnel/objects';
import {
  createJavaScriptPool,
  createSpawner,
  endLeftBehind,
  imageFolders,
  noImages,
  readImages,
  spreadFolders,
  type IsolationMode,
} from '@runnel/sandbox';
import type { Logger } from '@runnel/service';
import type { ExecutorConfig } from '../config.ts';
import { openSecretAsker } from './ask-secrets.ts';
import type { StepSurroundings } from './carry-out-step.ts';
import { packageCache } from './packages.ts';
import { createWorkFolders } from './work-folders.ts';

/** PATH of tools that run with the host's programs; nothing else of the environment is inherited. */
const toolPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface SandboxContext {
  id: string;
  count: number;
  isolation: IsolationMode;
  store: ObjectStore;
  messaging: Messaging;
  logger: Logger;
}

/** What steps need of this machine; what a predecessor left here is ended and removed. */
export async function openSandbox(
  config: ExecutorConfig,
  context: SandboxContext,
): Promise<{ surroundings: StepSurroundings; close: () => Promise<void> }> {
  const { id, count, isolation, store, messaging, logger } = context;
  const workRoot = join(config.workDir, 'attempts');
  // Of a predecessor that was killed; once we are heard, its steps are given to others.
  await endLeftBehind(workRoot);
  const spares = join(config.workDir, 'spare');
  for (const folder of [workRoot, spares]) rmSync(folder, { recursive: true, force: true });
  // Slots' users pass through to their own attempt's folder, and see no names.
  mkdirSync(workRoot, { recursive: true, mode: 0o711 });
  spreadFolders(workRoot);
  const images = config.images === undefined ? noImages : readImages(config.images);
  const javascript = createJavaScriptPool({ threads: Math.max(1, count - 1), timeout: config.expressionSeconds });
  const spawner = createSpawner({
    isolation,
    control: join(config.workDir, 'control'),
    workRoot,
    hidden: config.hidden,
    visible: imageFolders(images),
  });
  const asker = openSecretAsker(messaging, { executor: id, key: config.runTokenKey });
  const surroundings: StepSurroundings = {
    store,
    values: storedValues(store),
    askSecrets: asker.ask,
    packages: packageCache(store),
    executor: id,
    runTokenKey: config.runTokenKey,
    workRoot,
    folders: createWorkFolders({ spares, reuse: isolation.namespaces === 'unshare', onFault: (text) => logger.warn(text) }),
    spawner,
    images,
    evaluateJavaScript: javascript.evaluate,
    limits: {
      timeLimit: config.stepTimeLimit,
      memoryLimitMiB: config.stepMemoryMib,
      outputLimitBytes: config.stepOutputMib * 1024 * 1024,
      network: config.network ? 'on-request' : 'never',
      path: toolPath,
    },
    onWarning: (text) => logger.warn(text),
    tail: ({ workspace, run, step, attempt }, offset, text) =>
      publishEphemeral(messaging, outgoing(StepLog, { workspace, run, step, attempt, offset, text })),
  };
  return {
    surroundings,
    close: async () => {
      await asker.close();
      await spawner.close();
      await javascript.close();
    },
  };
}
