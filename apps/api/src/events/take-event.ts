import type { CloudEvent } from '@runnel/contracts';
import { EventRefused } from '@runnel/contracts';
import { consumePipelines, outgoing, publishEphemeral } from '@runnel/messaging';
import type { Consumption, PipelineMessage } from '@runnel/messaging';
import type { ApiContext } from '../context.ts';
import { depthOf, keepRefusal, largestEvent } from './keep-event.ts';
import { isOfType } from '../triggers/add-firings.ts';
import { catalogueType, readMessage } from './read-message.ts';
import { itemType, stacItems } from './stac-items.ts';

export type EventServices = Pick<ApiContext, 'database' | 'messaging' | 'logger' | 'objects' | 'keepEvent' | 'triggers' | 'metrics'>;

/** Keeps an event of a workspace, and what its triggers are to start; of a catalogue change likewise each item, first. */
export async function takeEvent(
  services: EventServices,
  { workspace, via, event, run }: { workspace: string; via: string; event: CloudEvent; run?: string | undefined },
): Promise<'accepted' | 'known'> {
  const { database, objects, keepEvent, triggers } = services;
  const depth = await depthOf(database, workspace, event, run);
  const keep = (one: CloudEvent): ReturnType<typeof keepEvent> => keepEvent({ workspace, via, event: one, depth });
  if (event.attributes.type === catalogueType && (await wantsItems(database, workspace)))
    for await (const item of stacItems(objects, workspace, event)) await keep(item);
  const outcome = await keep(event);
  services.metrics.events.inc({ outcome });
  triggers.kick();
  return outcome;
}

/** Documents are read only where somebody asks for items. */
async function wantsItems({ pool }: EventServices['database'], workspace: string): Promise<boolean> {
  const { rows } = await pool.query<{ type: string }>({
    name: 'types-of-triggers',
    text: `select definition->>'type' as type from triggers where workspace = $1 and kind = 'event' and enabled`,
    values: [workspace],
  });
  return rows.some(({ type }) => isOfType(type, itemType));
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
  await keepRefusal(services, { workspace, via, reason, body: text });
  services.logger.info({ workspace, pipeline, reason }, 'an event was refused');
  const named = {
    ...(headers['ce-id'] ? { id: headers['ce-id'] } : {}),
    ...(headers['ce-source'] ? { source: headers['ce-source'] } : {}),
  };
  publishEphemeral(services.messaging, outgoing(EventRefused, { workspace, pipeline, ...named, reason }));
}
