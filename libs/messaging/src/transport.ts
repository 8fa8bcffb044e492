import type { MessageHandler, CustomTransportStrategy } from '@nestjs/microservices';
import { BaseRpcContext, Server } from '@nestjs/microservices';
import { inConsumerSpan } from '@runnel/service';
import type { Registry } from '@runnel/service';
import { typeOf } from '@runnel/contracts';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Messaging } from './connect.ts';
import { consumeBatches, consumeSingly } from './consume.ts';
import type { Consumption } from './consume.ts';
import { consumeMetrics } from './consume-metrics.ts';
import type { ConsumeMetrics } from './consume-metrics.ts';
import type { OnDeadLetter } from './handling.ts';
import type { Message } from './message.ts';
import { ensureTopology } from './reconcile.ts';
import type { DurablePlan } from './topology.ts';

/** A message and the command its handler made of it. */
export interface BatchItem<Command> {
  readonly message: Message;
  readonly command: Command;
}

/** Carries out a batch of commands in one transaction; resolves when it is committed. */
export type ApplyBatch<Command> = (items: readonly BatchItem<Command>[]) => Promise<void>;

export interface ConsumerSettings {
  readonly plan: DurablePlan;
  /** Default true; false for what `startConsumer` starts when its time has come (partitions, shards). */
  readonly autostart?: boolean;
  /** Makes the durable where it is missing; default: `ensureTopology`. */
  readonly ensure?: () => Promise<void>;
  /** Single mode: handlers at the same time, default 8. Batch mode: messages of a batch, default 256. */
  readonly limit?: number;
}

export interface TransportOptions<Command> {
  readonly messaging: Messaging;
  readonly consumers: readonly ConsumerSettings[];
  /** With it the consumers work in batches and handlers only map; without it each handler is awaited. */
  readonly applyBatch?: ApplyBatch<Command>;
  readonly onDeadLetter?: OnDeadLetter;
  readonly metrics?: Registry;
  /** Milliseconds before a failed message comes again, by its deliveries so far; default 500, 2000, 10,000, 30,000. */
  readonly retryDelays?: readonly number[];
}

type Handler = MessageHandler<Message, BaseRpcContext, unknown>;

/**
 * Nest's transport over JetStream: `@On(contract)` methods are called with messages of the durables given. A handler's error belongs to the
 * consumer (redelivery, dead letter), never to Nest.
 */
export class RunnelTransport<Command = never> extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('runnel');
  override readonly propagatesEventHandlerErrors = true;
  private readonly options: TransportOptions<Command>;
  private readonly running = new Map<string, Consumption>();
  private readonly starting = new AbortController();
  private readonly metrics: ConsumeMetrics | undefined;
  private readonly handlers = new Map<string, Handler>();

  constructor(options: TransportOptions<Command>) {
    super();
    this.options = options;
    this.metrics = options.metrics && consumeMetrics(options.metrics);
  }

  override listen(callback: (error?: unknown) => void): void {
    this.start().then(() => callback(), callback);
  }

  private async start(): Promise<void> {
    for (const { plan } of this.options.consumers) this.checkHandlers(plan);
    await ensureTopology(this.options.messaging, this.starting.signal);
    for (const { plan, autostart = true } of this.options.consumers) if (autostart) await this.startConsumer(plan.durable);
  }

  /** A contract without a handler would fill the dead-letter stream: better not to start. */
  private checkHandlers(plan: DurablePlan): void {
    const missing = plan.contracts.filter((contract) => !this.getHandlerByPattern(typeOf(contract)));
    if (missing.length > 0)
      throw new Error(`${plan.durable} brings ${missing.map(({ name }) => name).join(', ')}, for which there is no @On handler`);
  }

  /** Starts reading a durable; nothing happens where it is being read. */
  async startConsumer(durable: string): Promise<void> {
    if (this.running.has(durable)) return;
    const settings = this.options.consumers.find(({ plan }) => plan.durable === durable);
    if (!settings) throw new Error(`${durable} is not among the consumers of this transport`);
    const { plan, ensure, limit } = settings;
    const { messaging, onDeadLetter, retryDelays } = this.options;
    const shared = { messaging, plan, ensure, onDeadLetter, retryDelays, metrics: this.metrics };
    const { applyBatch } = this.options;
    const consumption = applyBatch
      ? consumeBatches({
          ...shared,
          ...(limit === undefined ? {} : { size: limit }),
          handleBatch: (messages) => this.mapAndApply(messages, applyBatch),
        })
      : consumeSingly({ ...shared, ...(limit === undefined ? {} : { concurrency: limit }), handle: (message) => this.handleOne(message) });
    this.running.set(durable, consumption);
  }

  /** Stops reading a durable: resolves when nothing of it is in flight any more. */
  async stopConsumer(durable: string): Promise<void> {
    const consumption = this.running.get(durable);
    this.running.delete(durable);
    await consumption?.close();
  }

  private async mapAndApply(messages: readonly Message[], applyBatch: ApplyBatch<Command>): Promise<void> {
    const items = await Promise.all(
      // What a handler returns is a Command by the agreement between it and the sink: Nest does not carry the type.
      messages.map(async (message) => ({ message, command: (await this.call(message)) as Command })),
    );
    const traceparent = messages.length === 1 ? messages[0]?.traceparent : undefined;
    await inConsumerSpan('apply batch', traceparent, { 'messaging.batch.message_count': messages.length }, () => applyBatch(items));
  }

  private handleOne(message: Message): Promise<unknown> {
    const attributes = {
      'messaging.system': 'nats',
      'messaging.destination.name': message.subject,
      ...(message.run ? { 'runnel.run': message.run } : {}),
    };
    return inConsumerSpan(`on ${message.contract.name}`, message.traceparent, attributes, () => this.call(message));
  }

  private async call(message: Message): Promise<unknown> {
    const handler = this.handlerOf(typeOf(message.contract));
    const result: unknown = await handler(message, new BaseRpcContext([message]));
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  }

  /** Nest's own look-up normalises the pattern anew for every message. */
  private handlerOf(type: string): Handler {
    // `addHandler` chains several handlers of one type; Nest calls the others from the first.
    const handler = this.handlers.get(type) ?? (this.getHandlerByPattern(type) as Handler | null);
    if (!handler) throw new Error(`no @On handler for ${type}`);
    this.handlers.set(type, handler);
    return handler;
  }

  /** Drains: no new messages, those in flight are finished. */
  override async close(): Promise<void> {
    this.starting.abort();
    await Promise.all([...this.running.keys()].map((durable) => this.stopConsumer(durable)));
  }

  override on(): never {
    throw new Error('this transport has no events to listen to');
  }

  override unwrap<T>(): T {
    // The caller names the type of the underlying connection, as with Nest's own transports.
    return this.options.messaging.nc as T;
  }
}
