import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { spendMemoryOnLarge } from './memory-use.ts';

/**
 * Absolute address of what a user named: a path, also with a colon or a `#` in its name, a path with `#process`, or a URI. Paths that exist as
 * they stand win.
 */
export function toAddress(named: string, base = '.'): string {
  const whole = resolve(base, named);
  if (existsSync(whole)) return pathToFileURL(whole).href;
  const hash = named.indexOf('#');
  if (hash > 0 && !isUri(named)) {
    const path = resolve(base, named.slice(0, hash));
    if (existsSync(path)) return `${pathToFileURL(path).href}#${named.slice(hash + 1)}`;
  }
  return isUri(named) ? named : pathToFileURL(whole).href;
}

function isUri(text: string): boolean {
  return /^(?:file|https?):/.test(text);
}

/** Text of a document at a `file:` or `http(s):` address. */
export async function readDocument(uri: string): Promise<string> {
  const text = await readText(uri);
  spendMemoryOnLarge(text);
  return text;
}

async function readText(uri: string): Promise<string> {
  if (!uri.startsWith('file:')) {
    const answer = await fetch(uri);
    if (!answer.ok) throw new Error(`${uri} answered ${answer.status} ${answer.statusText}`);
    return answer.text();
  }
  return readFile(fileURLToPath(uri), 'utf8');
}
