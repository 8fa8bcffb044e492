import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { CliError } from '../client/cli-error.ts';
import type { Part } from './manifest.ts';
import { measureBody } from './measure-objects.ts';

/** Hashes what passes through. */
export function createMeter(): { stream: Transform; read: () => Part } {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, read: () => ({ bytes, sha256: hash.digest('hex') }) };
}

/** Writes a new file of the backup; it is on the disk when this resolves (its name, when its folder is). */
export async function writePart(folder: string, path: string, content: Readable, compress: boolean): Promise<Part> {
  const place = join(folder, path);
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  const meter = createMeter();
  const target = createWriteStream(place, { flags: 'wx', mode: 0o600, flush: true });
  if (compress) await pipeline(content, createGzip({ level: constants.Z_BEST_SPEED }), meter.stream, target);
  else await pipeline(content, meter.stream, target);
  return meter.read();
}

export function readPart(folder: string, path: string): Readable {
  const source = createReadStream(join(folder, path));
  const text = createGunzip();
  pipeline(source, text).catch((error: unknown) => text.destroy(error instanceof Error ? error : new Error(String(error))));
  return text;
}

/** Throws unless each file of the backup is there as it was written. */
export async function checkParts(folder: string, files: Record<string, Part>): Promise<void> {
  for (const [path, { sha256, bytes }] of Object.entries(files)) {
    const found = await measureBody(createReadStream(join(folder, path))).catch((error: unknown) => {
      throw new CliError(
        `${path} of the backup cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        'Use another backup.',
      );
    });
    if (found.sha256 !== sha256 || found.bytes !== bytes)
      throw new CliError(`${path} of the backup is damaged: its checksum is not the one it was written with`, 'Use another backup.');
  }
}
