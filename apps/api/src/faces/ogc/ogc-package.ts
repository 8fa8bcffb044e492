import type { JsonObject } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import { z } from 'zod';
import { parseJsonText } from '../../http/body.ts';
import type { DocumentRequest } from '../../processes/load-document.ts';

const described = z.looseObject({ process: z.record(z.string(), z.json()).optional() });
const link = z.object({ href: z.url(), type: z.string().optional() });
const value = z.object({ value: z.union([z.string(), z.record(z.string(), z.json())]), mediaType: z.string().optional() });
const unit = z.union([link, value]);

/** OGC Application Package (20-044, ogcapppkg) whose unit is CWL: by link or in place. */
const ogcPackage = z.object({
  processDescription: described.optional(),
  executionUnit: z.union(
    [unit, z.array(unit).min(1)],
    'expected {"href", "type": "application/cwl"} or {"value", "mediaType"} with a CWL document',
  ),
});

/** What a package says is to be deployed, and how it describes that. */
export function readPackage(text: string): { document: DocumentRequest; described: JsonObject } {
  const found = ogcPackage.parse(parseJsonText(text));
  const [first] = [found.executionUnit].flat();
  // Alternatives of the same process: any will do.
  if (!first) throw new Problem({ status: 400, title: 'Bad request', detail: 'executionUnit is empty' });
  return { document: documentOf(first), described: descriptionOf(found.processDescription) };
}

function documentOf(unit: z.output<typeof link> | z.output<typeof value>): DocumentRequest {
  if ('value' in unit) return { text: typeof unit.value === 'string' ? unit.value : JSON.stringify(unit.value) };
  // A fragment names the workflow of the document.
  const { href, hash } = new URL(unit.href);
  const address = hash === '' ? href : href.slice(0, -hash.length);
  return { address, ...(hash.length > 1 ? { entry: decoded(hash.slice(1)) } : {}) };
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch (error) {
    throw new Problem({ status: 400, title: 'Bad request', detail: `executionUnit.href: "#${fragment}" names no workflow`, cause: error });
  }
}

function descriptionOf(processDescription: z.output<typeof described> | undefined): JsonObject {
  // The draft has it both ways: under `process`, and without.
  return (processDescription?.process ?? processDescription ?? {}) as JsonObject;
}
