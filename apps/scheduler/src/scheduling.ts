import { GrantsWritten } from '@runnel/contracts';
import { outgoing, publishEphemeral, startRelay, subscribeEphemeral, watchDeadLetters } from '@runnel/messaging';
import type { RunnelTransport } from '@runnel/messaging';
import type { Logger, Registry } from '@runnel/service';
import { startAdmitter } from './admission/admitter.ts';
import { startGrantInbox } from './admission/grant-inbox.ts';
import { startBackground } from './background.ts';
import { timeLimits } from './config.ts';
import type { SchedulerConfig, Timing } from './config.ts';
import type { Connections } from './connections.ts';
import { createEvaluationQueue } from './evaluations/evaluator.ts';
import { startExecutorRegistry } from './executors/executor-registry.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { startPartitionLeases } from './ownership/partition-leases.ts';
import { createPartitions } from './ownership/partitions.ts';
import { createAdvancer } from './runs/advance-runs.ts';
import type { Committed } from './runs/advance-runs.ts';
import { engines } from './runs/engines.ts';
import { markAttention } from './runs/mark-attention.ts';
import type { News } from './runs/news.ts';

export interface SchedulingOptions {
  id: string;
  config: SchedulerConfig;
  timing: Timing;
  connections: Connections;
  transport: RunnelTransport<News>;
  logger: Logger;
  registry: Registry;
  metrics: SchedulerMetrics;
}

export interface Scheduling {
  submit(news: readonly News[]): Promise<void>;
  owned(): number[];
  /** Gives all partitions back. */
  release(): Promise<void>;
  close(): Promise<void>;
}

/** Puts the parts of a running scheduler together: who tells whom. */
export function startScheduling(options: SchedulingOptions): Scheduling {
  const { id, config, timing, connections, transport, logger, metrics } = options;
  const { database, messaging, objects, javascript } = connections;
  const { pool } = database;
  const failed = (what: string) => (error: unknown, run?: string) => logger.error({ error, run }, `${what} failed`);

  const executors = startExecutorRegistry({
    messaging,
    pool,
    leaseSeconds: timing.executorLease,
    onChanged: () => admissionChanged(),
    onYoung: (executor) => background.young(executor),
    onError: failed('a heartbeat'),
  });
  const advancer = createAdvancer({
    database,
    objects,
    sender: messaging,
    engineFor: engines(objects, executors.places, timeLimits(config)),
    limits: { publish: config.publishLimit },
    metrics,
    keep: config.runsInMemory,
    onCommitted: (committed) => react(committed),
  });
  const partitions = createPartitions(advancer, transport, (partition) => background.gained(partition));
  const submit = (news: News): Promise<void> => partitions.submit([news]);
  const evaluator = createEvaluationQueue({
    objects,
    evaluate: javascript.evaluate,
    concurrency: config.javascriptWorkers,
    stateOf: advancer.stateOf,
    submit,
    metrics,
    onError: failed('an evaluation'),
  });
  const relay = startRelay({ messaging, pool, metrics: options.registry });
  const grants = startGrantInbox(pool, partitions.submit, failed('a grant'));
  const heardGrants = subscribeEphemeral(messaging, GrantsWritten, {}, ({ data }) => grants.look([data.run].filter(partitions.owns)));
  const tellOthers = (runs: readonly string[]): void => {
    for (const run of new Set(runs)) if (!partitions.owns(run)) publishEphemeral(messaging, outgoing(GrantsWritten, { run }));
  };
  const admitter = startAdmitter({
    url: config.postgresUrl,
    metrics,
    onGrants: (written) => {
      grants.take(written.filter(({ run }) => partitions.owns(run)));
      tellOthers(written.map(({ run }) => run));
    },
    onReconnected: () => background.broken(),
    onUnheard: (runs) => {
      grants.look(runs.filter(partitions.owns));
      tellOthers(runs);
    },
    onError: failed('admission'),
  });
  const admissionChanged = (): void => admitter.wake();
  const react = ({ evaluations, admission, timers, messages }: Committed): void => {
    if (messages) relay.kick();
    evaluator.ask(evaluations);
    if (admission) admissionChanged();
    if (timers) background.timersSet();
  };
  const deadLetters = watchDeadLetters(messaging, (dead) => markAttention(pool, dead));
  const leases = startPartitionLeases(database, partitions, {
    scheduler: id,
    leaseSeconds: timing.partitionLease,
    onError: failed('renewing partitions'),
  });
  const background = startBackground({
    database,
    objects,
    sender: messaging,
    registry: executors,
    metrics,
    timing,
    owned: leases.owned,
    stateOf: advancer.stateOf,
    forget: (run) => advancer.forget((other) => other === run),
    submit,
    submitAll: partitions.submit,
    evaluate: evaluator.ask,
    onQueued: () => relay.kick(),
    onError: failed('reconciling'),
    onLoopError: failed,
  });
  const forget = messaging.onReconnect(() => background.broken());
  metrics.partitions(() => leases.owned().length);
  return {
    submit: partitions.submit,
    owned: () => leases.owned(),
    release: leases.close,
    close: async () => {
      forget();
      await leases.close();
      await Promise.all([
        background.close(),
        evaluator.close(),
        grants.close(),
        admitter.close(),
        executors.close(),
        heardGrants.close(),
        deadLetters.close(),
      ]);
      await relay.close();
    },
  };
}
