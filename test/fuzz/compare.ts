import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Json, JsonObject } from './values.ts';

/** How a run of one of the two ended. */
export type Ended = { readonly outputs: JsonObject } | { readonly failed: string };

/** What counts of an output object: values, and of files their names and bytes, of folders what is in them. Missing is null. */
export function comparable(value: Json | undefined): Json {
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null;
  if (Array.isArray(value)) return value.map(comparable);
  const path = typeof value['path'] === 'string' ? value['path'] : pathOf(value['location']);
  if (value['class'] === 'File' && path !== undefined) {
    const bytes = readFileSync(path);
    const { basename = null, size = null, checksum = null, secondaryFiles = [] } = value;
    const beside = Array.isArray(secondaryFiles) ? secondaryFiles.map(comparable).sort(byText) : [];
    const digest = `sha1$${createHash('sha1').update(bytes).digest('hex')}`;
    return { file: nameOf(basename), text: textOf(bytes), honest: checksum === digest && size === bytes.length, beside };
  }
  if (value['class'] === 'Directory' && path !== undefined) return { folder: value['basename'] ?? null, holds: contentOf(path) };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, comparable(item)]));
}

/** Undefined where both say the same; that both fail is the same, whatever they say about it. */
export function differenceOf(ours: Ended, theirs: Ended): string | undefined {
  if ('failed' in ours) return 'failed' in theirs ? undefined : `ours fails: ${ours.failed.trim().split('\n').slice(-4).join('\n')}`;
  if ('failed' in theirs) return `theirs fails: ${theirs.failed.trim().split('\n').slice(-4).join('\n')}`;
  for (const name of new Set([...Object.keys(ours.outputs), ...Object.keys(theirs.outputs)])) {
    const [mine, other] = [comparable(ours.outputs[name]), comparable(theirs.outputs[name])].map((one) => JSON.stringify(sorted(one)));
    if (mine !== other) return `output ${name}\n  ours   ${mine}\n  theirs ${other}`;
  }
  return undefined;
}

/** Names that each makes up in its own way: of an unnamed stdout, and of a file whose name another output has already. */
function nameOf(basename: Json): Json {
  if (typeof basename !== 'string') return basename;
  const name = basename.replace(/_\d+(\.[^.]*)?$/, '$1').replace(/(\.[^.]*)_\d+$/, '$1');
  return /^(?:[0-9a-f]{40}|[0-9a-f]{16}\.std(?:out|err))$/.test(name) ? 'made up' : name;
}

/** Bytes as text, without the made up names of files: a tool may have printed one with its extension. */
const textOf = (bytes: Buffer): string =>
  bytes.toString('latin1').replace(/[0-9a-f]{40} {2}|[0-9a-f]{16}\.std(out|err) \.std\1 /g, 'made up ');

const pathOf = (location: Json | undefined): string | undefined =>
  typeof location === 'string' && location.startsWith('file://') ? decodeURIComponent(location.slice('file://'.length)) : undefined;

function contentOf(folder: string): Json {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? { folder: name, holds: contentOf(path) } : { file: name, text: readFileSync(path, 'latin1') };
    });
}

const byText = (a: Json, b: Json): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name] ?? null)]),
  );
}
