import type { CloudEvent } from '@runnel/contracts';
import { EventRefused } from '@runnel/contracts';
import { consumePipelines, outgoing, publishEphemeral } from '@runnel/messaging';
import type { Consumption, PipelineMessage } from '@runnel/messaging';
import type { ApiContext } from '../context.ts';
import { depthOf, keepEvent, keepRefusal, largestEvent } from './keep-event.ts';
import { readMessage } from './read-message.ts';

export type EventServices = Pick<ApiContext, 'database' | 'messaging' | 'logger'>;

/** Keeps an event of a workspace. */
export async function takeEvent(
  { database }: EventServices,
  { workspace, via, event, run }: { workspace: string; via: string; event: CloudEvent; run?: string | undefined },
): Promise<'accepted' | 'known'> {
  const depth = await depthOf(database, workspace, event, run);
  return keepEvent(database, { workspace, via, event, depth }, async () => undefined);
}

/** Takes what pipelines publish on NATS, until closed. Whom it refuses is told the reason on `{prefix}.event.refused.{workspace}`. */
export function takePipelineEvents(services: EventServices): Consumption {
  return consumePipelines(services.messaging, (message) => takePipelineMessage(services, message));
}

async function takePipelineMessage(services: EventServices, { workspace, pipeline, headers, data, seq }: PipelineMessage): Promise<void> {
  const via = `pipeline/${pipeline}`;
  const text = Buffer.from(data).toString('utf8');
  const read =
    data.length > largestEvent
      ? { reason: `it has ${data.length} bytes, the limit is ${largestEvent}` }
      : readMessage({ headers, text, workspace, id: headers['nats-msg-id'] ?? `message-${seq}`, source: `/${via}` });
  if ('event' in read) {
    await takeEvent(services, { workspace, via, event: read.event });
    return;
  }
  const { reason } = read;
  await keepRefusal(services.database, { workspace, via, reason, body: text });
  services.logger.info({ workspace, pipeline, reason }, 'an event was refused');
  const named = { ...(headers['ce-id'] ? { id: headers['ce-id'] } : {}), ...(headers['ce-source'] ? { source: headers['ce-source'] } : {}) };
  publishEphemeral(services.messaging, outgoing(EventRefused, { workspace, pipeline, ...named, reason }));
}
