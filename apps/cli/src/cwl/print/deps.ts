import type { Json, JsonObject } from '@runnel/cwl';

/** The document and, as its secondary files, every other one that was read for it; locations relative to it where they can be. */
export function dependencies(primary: string, read: readonly string[]): JsonObject {
  const folder = primary.slice(0, primary.lastIndexOf('/') + 1);
  const relative = (uri: string): string => (uri.startsWith(folder) ? uri.slice(folder.length) : uri);
  const others = [...new Set(read)].filter((uri) => uri !== primary).sort();
  const format = 'https://w3id.org/cwl/cwl';
  return {
    class: 'File',
    location: relative(primary),
    format,
    ...(others.length > 0 && { secondaryFiles: others.map((uri): Json => ({ class: 'File', location: relative(uri) })) }),
  };
}
