import { hash } from 'node:crypto';
import { closeSync, fsync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { packFile, packFolder, type Part } from './manifest.ts';
import { writePart } from './parts.ts';

const toDisk = promisify(fsync);

/** Bytes after which a pack is full. */
const full = 64 * 1024 * 1024;
/** Bytes that are written at once. */
const gathered = 1024 * 1024;

/** Where the bytes of an object stand in a backup. */
export interface Place {
  pack: number;
  /** Its first byte there. */
  at: number;
}

interface OpenPack {
  number: number;
  file: number;
  size: number;
  waiting: Buffer[];
  waitingBytes: number;
}

/** Writes objects one behind the other into packs: as files of their own, hundreds of thousands of small ones would cost more than all else. */
export interface PackWriter {
  /** An object that is in memory. */
  add(content: Buffer): Place & Part;
  /** A large one, which gets a pack of its own. */
  addStream(content: Readable): Promise<Place & Part>;
  /** Resolves when all of it is on the disk. */
  finish(): Promise<void>;
  /** After a fault: lets go of what is open. */
  abandon(): void;
}

export function createPackWriter(folder: string): PackWriter {
  mkdirSync(join(folder, packFolder), { mode: 0o700 });
  let packs = 0;
  let current: OpenPack | undefined;
  /** Of full packs, which go to the disk while others are filled. */
  const syncing = new Set<Promise<void>>();
  let fault: Error | undefined;

  const begin = (): OpenPack => {
    packs += 1;
    const file = openSync(join(folder, packFile(packs)), 'wx', 0o600);
    return { number: packs, file, size: 0, waiting: [], waitingBytes: 0 };
  };
  const end = (pack: OpenPack): void => {
    current = undefined;
    const synced = syncAndClose(pack).catch((error: unknown) => void (fault ??= error instanceof Error ? error : new Error(String(error))));
    syncing.add(synced);
    void synced.then(() => syncing.delete(synced));
  };

  return {
    add(content) {
      current ??= begin();
      const pack = current;
      const place = { pack: pack.number, at: pack.size };
      pack.waiting.push(content);
      pack.waitingBytes += content.length;
      pack.size += content.length;
      if (pack.waitingBytes >= gathered) write(pack);
      if (pack.size >= full) end(pack);
      return { ...place, bytes: content.length, sha256: hash('sha256', content) };
    },
    async addStream(content) {
      packs += 1;
      const pack = packs;
      return { pack, at: 0, ...(await writePart(folder, packFile(pack), content, false)) };
    },
    async finish() {
      if (current) end(current);
      await Promise.all(syncing);
      if (fault !== undefined) throw fault;
    },
    abandon() {
      if (current) closeSync(current.file);
      current = undefined;
    },
  };
}

function write(pack: OpenPack): void {
  const bytes = Buffer.concat(pack.waiting);
  for (let at = 0; at < bytes.length;) at += writeSync(pack.file, bytes, at);
  pack.waiting = [];
  pack.waitingBytes = 0;
}

async function syncAndClose(pack: OpenPack): Promise<void> {
  try {
    write(pack);
    await toDisk(pack.file);
  } finally {
    closeSync(pack.file);
  }
}
