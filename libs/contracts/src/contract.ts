import type { z } from 'zod';

/**
 * How a second copy of the same message is recognised (rule 3 of the design): by the state of the run it is about, by the natural key of its
 * effect, or by a row in the inbox table.
 */
export type Dedupe = 'state' | 'key' | 'inbox';

/**
 * How a message travels: in a stream that loses nothing, in the status stream for followers, in the stream of what pipelines outside are told, or
 * on plain NATS (heartbeats, live logs).
 */
export type Delivery = 'work' | 'status' | 'told' | 'ephemeral';

/** Who speaks on the bus. `operator` is the person behind the command line; it may read and publish everything. */
export const services = ['api', 'scheduler', 'executor', 'ingester', 'harvester'] as const;
export type Service = (typeof services)[number];

/** One message: its name, version, shape and how it travels. Everything else (docs, AsyncAPI, consumers, handlers) derives from it. */
export interface Contract<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly version: number;
  readonly schema: Schema;
  readonly dedupe: Dedupe;
  readonly delivery: Delivery;
  /** Who emits it and why, one sentence. */
  readonly summary: string;
  /**
   * What the last token of the subject is: the run's partition (`run`, `p00`…`p15`), an executor shard, a workspace, or nothing.
   * Subject: `{prefix}.{name}[.{token}]`, e.g. `rn.step.finished.p07`.
   */
  readonly routedBy: 'run' | 'shard' | 'workspace' | 'none';
  /** Who emits it. */
  readonly from: readonly Service[];
  /** Who reacts to it; empty for what only pipelines outside read. */
  readonly to: readonly Service[];
  /** A valid example of this version; parsed by a test for ever. */
  readonly golden: z.input<Schema>;
}

/** The data a handler of the contract receives. */
export type DataOf<C extends Contract> = z.output<C['schema']>;

export function event<Name extends string, Schema extends z.ZodType>(
  name: Name,
  version: number,
  schema: Schema,
  rest: Omit<Contract<Name, Schema>, 'name' | 'version' | 'schema'>,
): Contract<Name, Schema> {
  return { name, version, schema, ...rest };
}
