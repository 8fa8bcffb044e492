import { z } from 'zod';
import { Workspace } from './shapes.ts';

/** A CloudEvent 1.0 from outside, as triggers see it: its attributes by name, extensions among them. */
export interface CloudEvent {
  readonly attributes: CloudEventAttributes;
  /** JSON; absent where the event has none. */
  readonly data?: unknown;
}

export type CloudEventAttributes = Readonly<Record<string, string | number | boolean>> & {
  readonly id: string;
  readonly source: string;
  readonly type: string;
};

export type ReadCloudEvent = { readonly event: CloudEvent } | { readonly reason: string };

const attribute = z.union([z.string().max(2000), z.int(), z.boolean()]);
const named = z
  .string()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, 'control characters have no place here');

/** Attributes of CloudEvents 1.0.2, section 3; extensions have names of lower-case letters and digits. */
const Attributes = z
  .object({
    specversion: z.literal('1.0'),
    id: named,
    source: named,
    type: named,
    subject: named.optional(),
    time: z.iso.datetime({ offset: true }).optional(),
    datacontenttype: z.string().optional(),
    dataschema: z.string().optional(),
  })
  .catchall(attribute);

/** Extensions of one event. */
const mostAttributes = 40;

/** Reads the structured mode (JSON format, section 3): attributes and `data` in one object. */
export function readStructuredEvent(value: unknown): ReadCloudEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { reason: 'a CloudEvent is a JSON object' };
  const { data, data_base64: bytes, ...attributes } = value as Record<string, unknown>;
  if (bytes !== undefined) return { reason: 'data_base64: only JSON is taken as data' };
  return readEvent(attributes, data);
}

/** Checks attributes, however they travelled, and puts the event together. */
export function readEvent(given: Record<string, unknown>, data: unknown): ReadCloudEvent {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const odd = Object.keys(present).find((name) => !/^[a-z0-9]{1,50}$/.test(name));
  if (odd !== undefined) return { reason: `${odd.slice(0, 100)}: names of attributes are of a-z and 0-9` };
  if (Object.keys(present).length > mostAttributes) return { reason: `an event may have ${mostAttributes} attributes` };
  const parsed = Attributes.safeParse(present);
  if (!parsed.success) return { reason: faultsOf(parsed.error.issues) };
  const { datacontenttype: type } = parsed.data;
  if (type !== undefined && !/^application\/([\w.+-]+\+)?json\b/i.test(type)) return { reason: `datacontenttype: ${type} is no JSON` };
  const attributes = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined)) as CloudEventAttributes;
  return { event: { attributes, ...(data === undefined ? {} : { data }) } };
}

const Key = z.string().min(1).max(1024);
const keys = z.array(Key).max(5000);

/** What a change of a catalogue says to pipelines of the hub: documents that were added, updated and deleted, by key. */
export const CatalogueChange = z.object({
  id: z.string().max(500).default('').describe('who changed what'),
  workspace: Workspace.optional().describe("the sender's own; another is refused"),
  repository: z.string().max(2000).default(''),
  branch: z.string().max(500).default(''),
  bucket_name: z.string().max(500).describe('place of the keys'),
  source: z.string().max(2000).describe('prefix of the keys, or an address'),
  target: z.string().max(2000).describe('where the documents stand in the catalogue'),
  added_keys: keys.default([]),
  updated_keys: keys.default([]),
  deleted_keys: keys.default([]),
});
export type CatalogueChange = z.output<typeof CatalogueChange>;

/** Reads a catalogue change; the lists come with what stands above first. */
export function readCatalogueChange(value: unknown): { readonly change: CatalogueChange } | { readonly reason: string } {
  const parsed = CatalogueChange.safeParse(value);
  if (!parsed.success) return { reason: faultsOf(parsed.error.issues) };
  const { added_keys, updated_keys, deleted_keys } = parsed.data;
  return {
    change: {
      ...parsed.data,
      added_keys: byDepth(added_keys),
      updated_keys: byDepth(updated_keys),
      deleted_keys: byDepth(deleted_keys),
    },
  };
}

/** What stands above comes first. */
export function byDepth(list: readonly string[]): string[] {
  const depth = (key: string): number => key.split('/').length;
  return [...list].sort((one, other) => depth(one) - depth(other) || (one < other ? -1 : 1));
}

/** The JSON schema of a catalogue change, as senders write it. */
export const catalogueChangeSchema = (): unknown => z.toJSONSchema(CatalogueChange, { io: 'input' });

function faultsOf(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  return issues
    .map(({ path, message }) => `${path.map(String).join('.') || 'the event'}: ${message}`)
    .join('; ')
    .slice(0, 1000);
}
