import type { TimeLimits } from '@runnel/engine';
import { commonConfig, databaseConfig, objectsConfig, whole } from '@runnel/service';
import { z } from 'zod';

/** Configuration of the scheduler, from the environment or options. */
export const SchedulerConfig = z.object({
  ...commonConfig,
  ...databaseConfig,
  ...objectsConfig,
  schedulerId: z.string().optional().meta({
    description: 'Name of this scheduler; one that starts again under its old name has its partitions at once (default: random)',
  }),
  poolSize: whole.min(4).max(100).default(12).meta({ description: 'Connections to Postgres' }),
  javascriptWorkers: whole.min(1).max(64).default(1).meta({ description: 'Threads that evaluate workflow-level expressions' }),
  runsInMemory: whole.min(10).default(2000).meta({ description: 'Runs whose state is kept in memory' }),
  runLimit: whole.min(0).default(0).meta({ description: 'Seconds a run may take from its start at most; 0: no limit' }),
  stepLimit: whole.min(0).default(0).meta({ description: 'Seconds an attempt at a step may take from its start at most; 0: no limit' }),
  publishLimit: whole.min(0).default(3600).meta({ description: 'Seconds publishing may take; 0: no limit' }),
});
export type SchedulerConfig = z.output<typeof SchedulerConfig>;

/** The most that any run is allowed, whatever it asks for. */
export const timeLimits = ({ runLimit, stepLimit }: Pick<SchedulerConfig, 'runLimit' | 'stepLimit'>): TimeLimits => ({
  ...(runLimit > 0 && { run: runLimit }),
  ...(stepLimit > 0 && { step: stepLimit }),
});

/** Seconds between and after which the scheduler acts by itself. */
export interface Timing {
  partitionLease: number;
  executorLease: number;
  reconcileEvery: number;
  quiet: number;
  stopAgain: number;
  stopAlert: number;
}

export const defaultTiming: Timing = { partitionLease: 10, executorLease: 20, reconcileEvery: 60, quiet: 60, stopAgain: 10, stopAlert: 60 };
