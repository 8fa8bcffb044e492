import { listedPrefix } from '@runnel/cwl';
import type { Json, JsonObject } from '@runnel/cwl';
import { contentHashOf, keyOf, locatedIn } from './locations.ts';
import { OutputsRefused } from './outputs-refused.ts';

/**
 * Refuses outputs that name what this run may not publish (rule 14): a location is a claim. Allowed are what steps of this workspace made, files
 * that came with the document of the process, which its `owner` keeps, and what the run was given as input, which was authorised when it was
 * accepted; `inputs` is asked only where that matters.
 */
export async function checkSources(
  outputs: JsonObject,
  { workspace, owner, inputs }: { workspace: string; owner: string; inputs: () => Promise<Json> },
): Promise<void> {
  let given: string[] | undefined;
  for (const [output, value] of Object.entries(outputs)) {
    for (const { location } of locatedIn(value)) {
      // A folder that is its listing: what is in it is looked at by itself.
      if (location === undefined || location.startsWith(listedPrefix)) continue;
      const key = keyOf(location);
      if (key !== undefined && (contentHashOf(key, workspace) ?? contentHashOf(key, owner, 'packages/files')) !== undefined) continue;
      given ??= [...locatedIn(await inputs())].flatMap((input) => (input.location === undefined ? [] : [input.location]));
      if (key === undefined || !given.some((input) => isWithin(location, input))) {
        throw new OutputsRefused(`output ${output} names ${location}, which is neither made by this run nor one of its inputs`);
      }
    }
  }
}

/** A part of an input directory is as good as the directory. */
function isWithin(location: string, input: string): boolean {
  return location === input || (location.startsWith(input.endsWith('/') ? input : `${input}/`) && !location.includes('/../'));
}
