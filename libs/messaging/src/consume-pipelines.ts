import { crashPoint } from '@runnel/service';
import type { Messaging } from './connect.ts';
import type { Consumption } from './consume.ts';
import type { Delivered } from './delivered.ts';
import { fromHeaders } from './envelope.ts';
import { startPull } from './pull.ts';
import { reasonOf } from './reason-of.ts';
import { durablePlans, pipelineDurable } from './topology.ts';

/** What a pipeline published, as it came: whose it is stands in its subject, which the server lets nobody else use. */
export interface PipelineMessage {
  readonly workspace: string;
  readonly pipeline: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
  /** Its number in the stream: the same for every copy. */
  readonly seq: number;
}

/** Messages in hand at a time. */
const atOnce = 32;

/** Handles what pipelines publish, until closed. What `handle` throws brings the message again: it is for stores that are away, never for bad events. */
export function consumePipelines(messaging: Messaging, handle: (message: PipelineMessage) => Promise<void>): Consumption {
  const plan = durablePlans(messaging.prefix).find(({ durable }) => durable === pipelineDurable);
  if (!plan) throw new Error(`${pipelineDurable} is not declared`);
  const working = new Set<Promise<void>>();
  const take = async (raw: Delivered): Promise<void> => {
    try {
      const [pipeline = '', workspace = ''] = raw.subject.split('.').reverse();
      const headers = Object.entries(fromHeaders(raw.headers)).map(([name, value]) => [name.toLowerCase(), value]);
      await handle({ workspace, pipeline, headers: Object.fromEntries(headers) as Record<string, string>, data: raw.data, seq: raw.seq });
      crashPoint('pipeline.before-ack');
      raw.ack();
      crashPoint('pipeline.after-ack');
    } catch (error) {
      messaging.logger.warn({ subject: raw.subject, deliveries: raw.deliveries, reason: reasonOf(error) }, 'an event comes again');
      raw.nak(2000);
    }
    pull.release(1);
  };
  const pull = startPull({ messaging, plan }, atOnce, (raw) => {
    const one = take(raw).finally(() => working.delete(one));
    working.add(one);
  });
  return {
    close: async () => {
      await pull.close();
      await Promise.all(working);
    },
  };
}
