import type { Contract, DataOf } from '@runnel/contracts';

/** A received message: checked data and the envelope around it. */
export interface Message<C extends Contract = Contract> {
  readonly contract: C;
  readonly data: DataOf<C>;
  /** Id of the event; the same for every copy. */
  readonly id: string;
  /** When it was emitted, RFC 3339. */
  readonly time: string;
  /** Who emitted it: `/runnel/scheduler`. */
  readonly source: string;
  readonly subject: string;
  readonly workspace: string | undefined;
  readonly run: string | undefined;
  /** Id of the message or request that led to this one. */
  readonly causation: string | undefined;
  readonly traceparent: string | undefined;
  /** Counts from 1; above 1 it may have been handled before. Always 1 outside streams. */
  readonly deliveries: number;
}

/** A message to send. Workspace, run and shard (`executor`) are taken from the data where it has them. */
export interface Outgoing<C extends Contract = Contract> {
  readonly contract: C;
  readonly data: DataOf<C>;
  readonly workspace?: string | undefined;
  readonly run?: string | undefined;
  readonly shard?: string | undefined;
  readonly causation?: string | undefined;
  /** Default: that of the active span. */
  readonly traceparent?: string | undefined;
}

/** Builds an `Outgoing` whose data is checked against its contract by the compiler. */
export function outgoing<C extends Contract>(contract: C, data: DataOf<C>, rest: Omit<Outgoing<C>, 'contract' | 'data'> = {}): Outgoing<C> {
  return { contract, data, ...rest };
}
