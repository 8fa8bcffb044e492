import { createHash } from 'node:crypto';
import {
  createReadStream,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  closeSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

import type { OutputEntry, ToolFiles } from '@runnel/cwl';

/** Below this size one synchronous read is cheaper than four trips to the thread pool. */
const SMALL_FILE = 1024 * 1024;

/** Where a path as the tool saw it lies on the host. */
export interface PathMapping {
  tool: string;
  host: string;
}

/** Path on the host of a path as the tool saw it, or of a `file:` location. */
export function hostPath(address: string, mappings: PathMapping[]): string {
  const path = address.startsWith('file://') ? fileURLToPath(address) : address;
  for (const { tool, host } of mappings) {
    if (path === tool) return host;
    if (path.startsWith(`${tool}/`)) return host + path.slice(tool.length);
  }
  return path;
}

/** A tool's files on the local disk. */
export function localFiles(mappings: PathMapping[] = []): ToolFiles {
  const onHost = (address: string): string => hostPath(address, mappings);
  return {
    async list(directory) {
      const entries: OutputEntry[] = [];
      listInto(entries, onHost(directory), directory.replace(/\/+$/, ''));
      return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    },
    async stat(address) {
      const host = onHost(address);
      const stat = lstatSync(host, { throwIfNoEntry: false });
      return stat && describe(address, host, stat);
    },
    async readText(address, limit) {
      return readStart(onHost(address), limit);
    },
    async checksum(address) {
      return (await checksumAndSize(onHost(address))).checksum;
    },
  };
}

function listInto(entries: OutputEntry[], host: string, shown: string): void {
  for (const entry of readdirSync(host, { withFileTypes: true })) {
    const inner = join(host, entry.name);
    const path = `${shown}/${entry.name}`;
    const stat = lstatSync(inner, { throwIfNoEntry: false });
    if (stat) entries.push(describe(path, inner, stat));
    if (entry.isDirectory()) listInto(entries, inner, path);
  }
}

function describe(path: string, host: string, stat: Stats): OutputEntry {
  const entry: OutputEntry = { path, type: kindOf(stat), size: stat.size };
  return stat.isSymbolicLink() ? { ...entry, target: readlinkSync(host) } : entry;
}

function kindOf(stat: Stats): OutputEntry['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'symlink' : 'other';
}

function readStart(path: string, limit: number): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(limit, fstatSync(file).size));
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/** CWL checksum (`sha1$hex`) and size of a file, in one read. */
export async function checksumAndSize(path: string): Promise<{ checksum: string; size: number }> {
  const hash = createHash('sha1');
  if (lstatSync(path).size <= SMALL_FILE) {
    const content = readFileSync(path);
    return { checksum: `sha1$${hash.update(content).digest('hex')}`, size: content.length };
  }
  let size = 0;
  await pipeline(createReadStream(path, { highWaterMark: SMALL_FILE }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      size += chunk.length;
      hash.update(chunk);
    }
  });
  return { checksum: `sha1$${hash.digest('hex')}`, size };
}
