import { isLiteral, mapPathValues, type PathValue } from './files/values.ts';
import type { Json, JsonObject, Process } from './model.ts';
import { requirement, requirementsInForce, type RequirementLevel } from './requirements.ts';

/**
 * What decides, beside its inputs, what a step gives. Undefined where its result is never to be used again: with secrets, with the network unless
 * reuse is asked for, with changes in place, or without reuse (WorkReuse; whether an expression allows it is known only when the tool is about to run).
 */
export function reuseMeaning(tool: Process, scope: RequirementLevel): JsonObject | undefined {
  const inForce = requirementsInForce(tool, scope);
  const reuse = requirement(inForce, 'WorkReuse')?.enableReuse;
  const network = requirement(inForce, 'NetworkAccess')?.networkAccess ?? false;
  const changes = requirement(inForce, 'InplaceUpdateRequirement')?.inplaceUpdate === true;
  if (reuse === false || typeof reuse === 'string' || changes || requirement(inForce, 'Secrets') !== undefined) return undefined;
  if (network !== false && reuse !== true) return undefined;
  const { id: _id, label: _label, doc: _doc, metadata: _metadata, ...meaning } = tool;
  return { meaning, requirements: scope.requirements, hints: scope.hints } as unknown as JsonObject;
}

/** Fields that say where a file is, or what somebody claims of it. */
const claims = ['location', 'path', 'dirname', 'checksum'];

/**
 * Inputs in which files count by name and content, wherever they are. `contentOf` looks at a File or Directory with a location; undefined where it
 * cannot tell, and then the whole is undefined.
 */
export async function inputsByContent(
  value: Json,
  contentOf: (value: PathValue, location: string) => Promise<string | undefined>,
): Promise<Json | undefined> {
  const found: PathValue[] = [];
  mapPathValues(value, (one) => {
    found.push(one);
    return null;
  });
  const described = new Map<PathValue, PathValue>();
  for (const one of found) {
    const description = await describe(one, contentOf);
    if (!description) return undefined;
    described.set(one, description);
  }
  return mapPathValues(value, (one) => described.get(one) ?? one);
}

async function describe(value: PathValue, contentOf: Parameters<typeof inputsByContent>[1]): Promise<PathValue | undefined> {
  const { location, secondaryFiles, listing, ...rest } = value;
  const described = Object.fromEntries(Object.entries(rest).filter(([name]) => !claims.includes(name))) as PathValue;
  if (Array.isArray(secondaryFiles)) {
    const beside = await inputsByContent(secondaryFiles, contentOf);
    if (beside === undefined) return undefined;
    described['secondaryFiles'] = beside;
  }
  if (isLiteral(value) || typeof location !== 'string') {
    const inside = listing === undefined ? undefined : await inputsByContent(listing, contentOf);
    if (listing !== undefined && inside === undefined) return undefined;
    return { ...described, ...(inside === undefined ? {} : { listing: inside }) };
  }
  const content = await contentOf(value, location);
  return content === undefined ? undefined : { ...described, content };
}

/** JSON with sorted keys: two values that are equal have the same text. */
export function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
