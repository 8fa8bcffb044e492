import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CliError } from '../client/cli-error.ts';
import { packFile } from './manifest.ts';
import type { ListedObject } from './object-list.ts';
import { small } from './measure-objects.ts';

/** Packs that are open at the same time. The list goes through them nearly in order. */
const mostOpen = 16;

/** Reads the objects that stand in the packs of a backup. */
export interface PackReader {
  /** Throws where the pack is not there; shorter than it was where the pack is. */
  read(object: ListedObject): Buffer | Readable;
  close(): void;
}

export function createPackReader(folder: string): PackReader {
  const files = new Map<number, number>();
  const close = (pack: number, file: number): void => {
    closeSync(file);
    files.delete(pack);
  };
  const fileOf = (pack: number): number => {
    const known = files.get(pack);
    if (known !== undefined) return known;
    const file = openSync(join(folder, packFile(pack)), 'r');
    for (const [other, otherFile] of files) if (files.size >= mostOpen) close(other, otherFile);
    files.set(pack, file);
    return file;
  };
  return {
    read({ key, size, pack, at }) {
      if (pack === undefined || at === undefined) throw new CliError(`the list of objects does not say where ${key} stands`);
      if (size > small) return createReadStream(join(folder, packFile(pack)), { start: at, end: at + size - 1 });
      const bytes = Buffer.allocUnsafe(size);
      const file = fileOf(pack);
      let read = 0;
      for (let more = -1; more !== 0 && read < size; read += more) more = readSync(file, bytes, read, size - read, at + read);
      return bytes.subarray(0, read);
    },
    close: () => files.forEach((file, pack) => close(pack, file)),
  };
}
