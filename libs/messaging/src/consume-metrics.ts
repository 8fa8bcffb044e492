import { Counter, Histogram } from '@runnel/service';
import type { Registry } from '@runnel/service';

export interface ConsumeMetrics {
  /** By durable and outcome: `handled`, `failed`, `dead`. */
  readonly messages: Counter<'durable' | 'outcome'>;
  readonly batchSize: Histogram<'durable'>;
  /** Seconds from the message's time in the stream to its ack. */
  readonly delay: Histogram<'durable'>;
}

const known = new WeakMap<Registry, ConsumeMetrics>();

/** The registry's metrics: a service with several transports has them once, apart by their durables. */
export function consumeMetrics(registry: Registry): ConsumeMetrics {
  const metrics = known.get(registry) ?? createMetrics(registry);
  known.set(registry, metrics);
  return metrics;
}

function createMetrics(registry: Registry): ConsumeMetrics {
  return {
    messages: new Counter({
      name: 'runnel_messages_total',
      help: 'Messages by durable consumer and outcome (handled, failed, dead)',
      labelNames: ['durable', 'outcome'],
      registers: [registry],
    }),
    batchSize: new Histogram({
      name: 'runnel_batch_messages',
      help: 'Messages handled together',
      labelNames: ['durable'],
      buckets: [1, 2, 5, 10, 25, 50, 100, 250],
      registers: [registry],
    }),
    delay: new Histogram({
      name: 'runnel_message_delay_seconds',
      help: 'From the arrival of a message in its stream to the end of its handling',
      labelNames: ['durable'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      registers: [registry],
    }),
  };
}
