import { JetStreamApiError, RetentionPolicy } from '@nats-io/jetstream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isUnavailable } from '@runnel/service';
import type { Messaging } from './connect.ts';
import { reasonOf } from './reason-of.ts';
import { consumerConfig, durablePlans, shardDurable, shardPlan, streamNames, streamPlans } from './topology.ts';
import type { DurablePlan, StreamPlan } from './topology.ts';

const otherConfigStream = 10058;
const consumerExists = 10148;
const consumerNotFound = 10014;
const streamNotFound = 10059;

/** Executors run code of users and are not trusted with more than their own consumer; they and the others wait for what these declare. */
const declarers: readonly string[] = ['api', 'scheduler', 'operator'];

/**
 * Brings streams and durable consumers into the declared form; may run at any time, by several at once. A service that does not declare waits
 * until one that does has done so; all wait while NATS or JetStream is away. At start, and whenever a stream or consumer turns out to be gone.
 */
export async function ensureTopology(messaging: Messaging, signal?: AbortSignal): Promise<void> {
  const attempt = declarers.includes(messaging.service) ? () => shared(messaging) : () => isDeclared(messaging);
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      // A refusal (permissions, a configuration that cannot be changed) does not pass by itself.
      if (!isUnavailable(error) && !isMissing(error)) throw error;
      if (failures % 20 === 0) messaging.logger.info({ reason: reasonOf(error) }, 'waiting for the streams');
      await sleep(500, undefined, signal ? { signal } : {});
    }
  }
}

const running = new WeakMap<Messaging, Promise<void>>();

/** All consumers of a connection notice a loss at the same time: one of them repairs for all. */
function shared(messaging: Messaging): Promise<void> {
  const current = running.get(messaging);
  if (current) return current;
  const work = reconcile(messaging).finally(() => running.delete(messaging));
  running.set(messaging, work);
  return work;
}

/**
 * Declares everything once. Rejects where JetStream is not there. A stream that keeps what its consumers have not read forgets at once what comes before
 * they are there, and says that it has it: such a stream takes nothing until they are.
 */
export async function reconcile(messaging: Messaging): Promise<void> {
  const plans = streamPlans(messaging.prefix);
  const closed = await Promise.all(plans.map((plan) => declareStream(messaging, plan)));
  await Promise.all(durablePlans(messaging.prefix).map((plan) => declareConsumer(messaging, plan)));
  await Promise.all(plans.filter((_, index) => closed[index]).map((plan) => messaging.jsm.streams.update(plan.name, plan)));
}

/** What takes no message: none has so few bytes. Publishers hear a refusal and try again. */
const closing = { max_msg_size: 1 };

/** Returns whether the stream is closed, and has to be opened when its consumers are there. */
async function declareStream(messaging: Messaging, plan: StreamPlan): Promise<boolean> {
  const closes = plan.retention === RetentionPolicy.Interest;
  const first = closes ? { ...plan, ...closing } : plan;
  if (await isSo(messaging, first)) return closes;
  // Declared and open, as it mostly is.
  if (closes && (await isSo(messaging, plan))) return false;
  await messaging.jsm.streams.update(plan.name, first);
  return closes;
}

/** Makes the stream, or finds it in just this form; false: it is there in another. */
async function isSo({ jsm }: Messaging, plan: StreamPlan): Promise<boolean> {
  try {
    await jsm.streams.add(plan);
    return true;
  } catch (error) {
    if (apiCode(error) !== otherConfigStream) throw error;
    return false;
  }
}

async function declareConsumer({ jsm }: Messaging, plan: DurablePlan): Promise<void> {
  const config = consumerConfig(plan);
  try {
    await jsm.consumers.add(plan.stream, config);
  } catch (error) {
    if (apiCode(error) !== consumerExists) throw error;
    await jsm.consumers.update(plan.stream, plan.durable, config);
  }
}

async function isDeclared({ jsm, prefix }: Messaging): Promise<void> {
  const names = streamNames(prefix);
  await Promise.all([jsm.streams.info(names.work), jsm.streams.info(names.orders)]);
}

/** Makes an executor shard's consumer, or leaves it as it is. */
export async function ensureShardConsumer(messaging: Messaging, shard: string): Promise<void> {
  await declareConsumer(messaging, shardPlan(shard, messaging.prefix));
}

/** Removes the consumer of a shard that is gone for good; what waited for it is dropped, its steps are requested elsewhere. */
export async function removeShardConsumer({ jsm, prefix }: Messaging, shard: string): Promise<void> {
  try {
    await jsm.consumers.delete(streamNames(prefix).orders, shardDurable(shard));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** True where a stream or consumer is not there. */
export function isMissing(error: unknown): boolean {
  const code = apiCode(error);
  return code === consumerNotFound || code === streamNotFound;
}

/** JetStream's `err_code`. */
export function apiCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}
