import { AckPolicy, DiscardPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Contract, Service } from '@runnel/contracts';
import {
  CatalogueChanged,
  contracts,
  HarvestChanged,
  partitionCount,
  partitionToken,
  RunDismissed,
  RunOutputsReady,
  StepFinished,
  StepRequested,
  StepStop,
  subjectOf,
  subjectPattern,
} from '@runnel/contracts';

/** How often a message is delivered before it goes to the dead-letter stream (rule 12). */
export const deliveryLimit = 5;
/** Milliseconds without an ack or a sign of work after which a message is delivered again. */
export const ackWait = 10_000;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const mebi = 1024 * 1024;

/** Stream names of an installation. */
export function streamNames(prefix: string): StreamNames {
  return {
    work: `${prefix}-work`,
    orders: `${prefix}-orders`,
    status: `${prefix}-status`,
    dead: `${prefix}-dead`,
    told: `${prefix}-told`,
    pipelines: `${prefix}-pipelines`,
  };
}

export interface StreamNames {
  readonly work: string;
  /** What executor shards are told. A stream of its own, since permissions cannot tell consumers of one stream apart by a part of their name. */
  readonly orders: string;
  readonly status: string;
  readonly dead: string;
  /** What pipelines outside are told. A slow one loses what is older than the stream keeps; it never stops the services. */
  readonly told: string;
  /** What pipelines outside say. Full, it refuses them alone. */
  readonly pipelines: string;
}

/** Subject on which a pipeline publishes its events: `{prefix}.harvest.in.{workspace}.{pipeline}`. */
export const pipelineSubject = (workspace: string, pipeline: string, prefix: string): string =>
  `${prefix}.harvest.in.${workspace}.${pipeline}`;

export type StreamPlan = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

/** Every stream there is (rule 12): the one place that says how messages are kept. */
export function streamPlans(prefix: string): StreamPlan[] {
  const names = streamNames(prefix);
  const all: readonly Contract[] = contracts;
  const subjects = (stream: string): string[] => all.filter((c) => streamOf(c, prefix) === stream).map((c) => subjectPattern(c, prefix));
  // Kept until every consumer has it; full, it refuses, and the outbox holds what waits.
  const lossless = {
    storage: StorageType.File,
    retention: RetentionPolicy.Interest,
    discard: DiscardPolicy.New,
    max_age: nanos(3 * day),
    max_bytes: 1024 * mebi,
    // Named, since a stream is closed by it until its consumers are there.
    max_msg_size: -1,
    duplicate_window: nanos(10 * minute),
  };
  return [
    { name: names.work, description: 'Commands and news of runs', subjects: subjects(names.work), ...lossless },
    { name: names.orders, description: 'What executor shards are told', subjects: subjects(names.orders), ...lossless },
    {
      name: names.status,
      description: 'Status for followers; Postgres has the truth',
      subjects: subjects(names.status),
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(day),
      max_bytes: 256 * mebi,
      duplicate_window: nanos(10 * minute),
    },
    {
      name: names.told,
      description: 'What pipelines outside are told',
      subjects: subjects(names.told),
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(3 * day),
      max_bytes: 256 * mebi,
      duplicate_window: nanos(10 * minute),
    },
    {
      name: names.pipelines,
      description: 'Events of pipelines outside',
      subjects: [pipelineSubject('*', '*', prefix)],
      ...lossless,
      max_bytes: 256 * mebi,
    },
    {
      name: names.dead,
      description: 'Messages that could not be handled: runnel dlq',
      subjects: [`${prefix}.dead.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      // Listing reads the next message after a number, which only the direct interface can.
      allow_direct: true,
      max_age: nanos(90 * day),
      max_bytes: 256 * mebi,
      duplicate_window: nanos(10 * minute),
    },
  ];
}

/** Stream that keeps the contract's messages; undefined for ephemeral ones. */
export function streamOf(contract: Contract, prefix: string): string | undefined {
  const names = streamNames(prefix);
  if (contract.delivery === 'ephemeral') return undefined;
  if (contract.delivery === 'status') return names.status;
  if (contract.delivery === 'told') return names.told;
  return contract.routedBy === 'shard' ? names.orders : names.work;
}

/** A durable consumer: who reads it, from which stream, which subjects. */
export interface DurablePlan {
  readonly durable: string;
  readonly service: Service;
  readonly stream: string;
  readonly subjects: readonly string[];
  /** The contracts whose messages it brings; its service needs a handler for each. Empty for what is read raw (dead letters, pipelines). */
  readonly contracts: readonly Contract[];
  /** Messages delivered and not yet acknowledged, over all readers. */
  readonly maxPending: number;
  /** Deliveries without an end of its handling after which a message is taken for what kills its readers; default `deliveryLimit`. */
  readonly suspectAfter?: number;
  /** Milliseconds without a reader after which the server removes it. */
  readonly removedAfter?: number;
}

/** Durable of a partition's owner: 3 → `scheduler-p03`. */
export function partitionDurable(partition: number): string {
  return `scheduler-${partitionToken(partition)}`;
}

/** Durable that brings the api the events of pipelines. */
export const pipelineDurable = 'api-pipelines';

/** Durable that tells the scheduler about dead letters. */
export const deadLetterDurable = 'scheduler-dead';

/** Every durable consumer that always exists. Those of executor shards come and go: `shardPlan`. */
export function durablePlans(prefix: string): DurablePlan[] {
  const { work, dead, told, pipelines } = streamNames(prefix);
  const everywhere = (durable: string, service: Service, contract: Contract, stream = work): DurablePlan => ({
    durable,
    service,
    stream,
    subjects: [subjectPattern(contract, prefix)],
    contracts: [contract],
    maxPending: 256,
  });
  return [
    ...Array.from({ length: partitionCount }, (_, partition) => partitionPlan(partition, prefix)),
    { durable: deadLetterDurable, service: 'scheduler', stream: dead, subjects: [`${prefix}.dead.>`], contracts: [], maxPending: 64 },
    everywhere('ingester-outputs', 'ingester', RunOutputsReady),
    everywhere('ingester-dismissed', 'ingester', RunDismissed),
    everywhere('ingester-usage', 'ingester', StepFinished),
    everywhere('ingester-harvest', 'ingester', HarvestChanged),
    everywhere('api-harvest', 'api', HarvestChanged),
    everywhere('api-catalogue', 'api', CatalogueChanged, told),
    {
      durable: pipelineDurable,
      service: 'api',
      stream: pipelines,
      subjects: [pipelineSubject('*', '*', prefix)],
      contracts: [],
      maxPending: 256,
    },
  ];
}

/** One partition of runs: all news of its runs that the scheduler reacts to. */
function partitionPlan(partition: number, prefix: string): DurablePlan {
  const all: readonly Contract[] = contracts;
  const news = all.filter((c) => c.delivery === 'work' && c.routedBy === 'run' && c.to.includes('scheduler'));
  return {
    durable: partitionDurable(partition),
    service: 'scheduler',
    stream: streamNames(prefix).work,
    subjects: news.map((c) => subjectOf(c, partitionToken(partition), prefix)),
    contracts: news,
    maxPending: 512,
  };
}

/** Name of a shard's durable. */
export function shardDurable(shard: string): string {
  return `executor-${shard}`;
}

/** The consumer of one executor shard. It is made before the shard's first heartbeat, so that no request goes nowhere. */
export function shardPlan(shard: string, prefix: string): DurablePlan {
  const orders = [StepRequested, StepStop];
  return {
    durable: shardDurable(shard),
    service: 'executor',
    stream: streamNames(prefix).orders,
    subjects: orders.map((c) => subjectOf(c, shard, prefix)),
    contracts: orders,
    maxPending: 1000,
    // Orders wait for a slot unacknowledged, and executors are what dies most often: a few deaths say nothing about an order.
    suspectAfter: 4 * deliveryLimit,
    // A shard away for so long has lost its steps long ago (rule 8).
    removedAfter: hour,
  };
}

export function consumerConfig(plan: DurablePlan): Partial<ConsumerConfig> & { durable_name: string } {
  return {
    durable_name: plan.durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWait),
    // Counted by us before handling, so that a dead letter is kept with its reason instead of being skipped.
    max_deliver: -1,
    max_ack_pending: plan.maxPending,
    filter_subjects: [...plan.subjects],
    ...(plan.removedAfter === undefined ? {} : { inactive_threshold: nanos(plan.removedAfter) }),
  };
}
