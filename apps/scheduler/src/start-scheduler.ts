import { randomUUID } from 'node:crypto';
import { durablePlans, partitionDurable, connect, publishEphemeral, outgoing, RunnelTransport, startRelay, subscribeEphemeral, watchDeadLetters } from '@runnel/messaging';
import { GrantsWritten, partitionCount } from '@runnel/contracts';
import { openObjectStore } from '@runnel/objects';
import { openDatabase, waitForSchema } from '@runnel/postgres';
import { createJavaScriptPool } from '@runnel/sandbox';
import { createLogger, createMetrics, runService } from '@runnel/service';
import type { Logger } from '@runnel/service';
import { startAdmitter } from './admission/admitter.ts';
import { startGrantInbox } from './admission/grant-inbox.ts';
import { startBackground } from './background.ts';
import { defaultTiming } from './config.ts';
import type { SchedulerConfig, Timing } from './config.ts';
import { createEvaluationQueue } from './evaluations/evaluator.ts';
import { startExecutorRegistry } from './executors/executor-registry.ts';
import { schedulerMetrics } from './metrics.ts';
import { startPartitionLeases } from './ownership/partition-leases.ts';
import { createPartitions } from './ownership/partitions.ts';
import { createAdvancer } from './runs/advance-runs.ts';
import { engines } from './runs/engines.ts';
import type { News } from './runs/news.ts';
import { SchedulerModule } from './scheduler.module.ts';

export interface SchedulerOptions {
  logger?: Logger;
  timing?: Partial<Timing>;
}

export interface RunningScheduler {
  readonly id: string;
  /** Where metrics and health are. */
  readonly url: string;
  /** Partitions owned now. */
  owned(): number[];
  /** Gives the partitions back at once, finishes what is in flight, closes. */
  close(): Promise<void>;
}
