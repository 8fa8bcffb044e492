import { availableParallelism, totalmem } from 'node:os';
import type { Messaging } from '@runnel/messaging';
import { describeIsolation, type IsolationMode } from '@runnel/sandbox';
import type { Logger } from '@runnel/service';
import type { ExecutorConfig } from './config.ts';
import type { AttemptId } from './steps/attempt.ts';
import type { Attempts, AttemptsPorts } from './steps/attempts.ts';
import { carryOutStep, type StepSurroundings } from './steps/carry-out-step.ts';

/** Where steps run: processes of this host, or pods of a cluster. */
export interface Backend {
  ports: Pick<AttemptsPorts, 'carryOut' | 'ensureGone' | 'tidy'>;
  /** What it may hand out. */
  cores: number;
  memoryMiB: number;
  /** For people: what separates tools from each other. */
  isolation: string;
  /** Takes over what a predecessor began. */
  adopt(attempts: Attempts): Promise<void>;
  /** What could not be taken over yet: it is tried again. */
  pending(): AttemptId[];
  /** The bus was out of reach for so long that a process executor's steps belong to others. */
  onLost(attempts: Attempts): void;
  /** Its steps go on when it ends, and are its successor's. */
  leavesSteps: boolean;
  drain(attempts: Attempts, graceSeconds: number): Promise<void>;
  close(): Promise<void>;
}

export interface BackendContext {
  surroundings: StepSurroundings;
  messaging: Messaging;
  logger: Logger;
  isolation: IsolationMode;
  /** Whether it is certain that these steps are ours to start. */
  mayStart: () => boolean;
}

export async function openBackend(config: ExecutorConfig, context: BackendContext): Promise<Backend> {
  if (config.backend === 'process') return processBackend(context);
  // The client of a cluster is large: loaded only where there is one.
  const { openKubernetesBackend } = await import('./kubernetes/open-backend.ts');
  return openKubernetesBackend(config, context);
}

function processBackend({ surroundings, isolation }: BackendContext): Backend {
  return {
    ports: { carryOut: (request, signal, toolEnded) => carryOutStep(request, surroundings, signal, toolEnded) },
    cores: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 1024 / 1024),
    isolation: describeIsolation(isolation),
    adopt: () => Promise.resolve(),
    pending: () => [],
    onLost: (attempts) => attempts.abandon(),
    leavesSteps: false,
    drain: (attempts, graceSeconds) => attempts.drain(graceSeconds * 1000),
    close: () => Promise.resolve(),
  };
}
