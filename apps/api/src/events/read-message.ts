import { CatalogueChanged, readCatalogueChange, readEvent, readStructuredEvent, typeOf } from '@runnel/contracts';
import type { CloudEvent, ReadCloudEvent } from '@runnel/contracts';
import { jsonFault } from '../http/json-faults.ts';

/** A message as it came, over HTTP or NATS. */
export interface RawMessage {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The sender's workspace. */
  readonly workspace: string;
  /** What a message is called that does not say it itself. */
  readonly id: string;
  readonly source: string;
}

export const catalogueType = typeOf(CatalogueChanged);

/**
 * Reads a CloudEvent in binary mode (`ce-` headers) or structured mode, or a bare catalogue change of the hub's pipelines. What it says of a
 * catalogue has to fit the published schema, and to be about the sender's own workspace.
 */
export function readMessage(message: RawMessage): ReadCloudEvent {
  const json = message.text === '' ? { value: undefined } : parse(message.text);
  if (json === undefined) return { reason: 'the body is not JSON' };
  const fault = message.text === '' ? undefined : jsonFault(message.text);
  if (fault !== undefined) return { reason: `the body is refused: ${fault}` };
  const read = isBinary(message) ? readEvent(headerAttributes(message), json.value) : readBody(message, json.value);
  return 'event' in read && read.event.attributes.type === catalogueType ? checkedChange(read.event, message.workspace) : read;
}

const isBinary = ({ headers }: RawMessage): boolean => headers['ce-specversion'] !== undefined;

/** HTTP and NATS bindings, section 3.1.3.2: values are percent-encoded. */
function headerAttributes({ headers }: RawMessage): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('ce-') ? [[name.slice(3), decoded([value].flat()[0] ?? '')]] : [])),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readBody(message: RawMessage, value: unknown): ReadCloudEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { reason: 'an event is a JSON object, one per message' };
  if ('specversion' in value) return readStructuredEvent(value);
  const { id, source } = message;
  return readEvent({ specversion: '1.0', id, source, type: catalogueType }, value);
}

function checkedChange(event: CloudEvent, workspace: string): ReadCloudEvent {
  const read = readCatalogueChange(event.data);
  if ('reason' in read)
    return {
      reason: `neither a CloudEvent (specversion, id, source, type) nor a catalogue change (/api/v1/schemas/catalogue-change): ${read.reason}`,
    };
  if (read.change.workspace !== undefined && read.change.workspace !== workspace)
    return { reason: `workspace: ${read.change.workspace} is not yours, you are of ${workspace}` };
  return { event: { ...event, data: { ...read.change, workspace } } };
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
