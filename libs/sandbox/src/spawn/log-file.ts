import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes kept of a step's log: the first half as it came, and the last half. */
export const LOG_LIMIT = 64 * 1024 * 1024;
const LIVE_BYTES = 256 * 1024;
const LIVE_MS = 1000;
const TAIL_BYTES = 4096;

export interface LogFile {
  write(chunk: Buffer): void;
  /** Completes the file; what had to be left out is marked in it. */
  end(): { tail: string; bytes: number; gap: number };
}

/**
 * A log of bounded size. Beyond the head, output goes to two segments in turn (`.tail` holds the newer one), so that a tool that never stops
 * writing costs a constant amount of disk and no memory.
 */
export function openLog(path: string, onLive?: (chunk: Buffer) => void, limit = LOG_LIMIT): LogFile {
  const half = limit / 2;
  const newer = `${path}.tail`;
  const older = `${path}.tail0`;
  let head: number | undefined;
  let segment: number | undefined;
  let segmentBytes = 0;
  let bytes = 0;
  let tail = Buffer.alloc(0);
  let live: Buffer[] = [];
  let liveBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  function flushLive(): void {
    clearTimeout(timer);
    timer = undefined;
    if (liveBytes > 0) onLive?.(Buffer.concat(live, liveBytes));
    live = [];
    liveBytes = 0;
  }
  function pushLive(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += LIVE_BYTES) {
      const piece = chunk.subarray(at, at + LIVE_BYTES);
      if (liveBytes + piece.length > LIVE_BYTES) flushLive();
      live.push(piece);
      liveBytes += piece.length;
    }
    if (liveBytes >= LIVE_BYTES) flushLive();
    else timer ??= setTimeout(flushLive, LIVE_MS);
  }
  function writeTail(chunk: Buffer): void {
    if (segment !== undefined && segmentBytes + chunk.length > half) {
      closeSync(segment);
      renameSync(newer, older);
      segment = undefined;
      segmentBytes = 0;
    }
    segment ??= openSync(newer, 'w', 0o600);
    writeAll(segment, chunk);
    segmentBytes += chunk.length;
  }

  /** Its folder may not be there yet: most tools log nothing. */
  function openHead(): number {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'w', 0o600);
  }

  return {
    write(chunk) {
      const fits = Math.max(0, Math.min(chunk.length, half - bytes));
      if (fits > 0) {
        head ??= openHead();
        const kept = chunk.subarray(0, fits);
        writeAll(head, kept);
        if (onLive) pushLive(kept);
      }
      for (let at = fits; at < chunk.length; at += half) writeTail(chunk.subarray(at, at + half));
      bytes += chunk.length;
      tail = Buffer.concat([tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    },
    end() {
      flushLive();
      if (segment !== undefined) closeSync(segment);
      let gap = 0;
      if (head !== undefined) {
        gap = appendTail(head, { older, newer, half, beyondHead: bytes - half });
        closeSync(head);
      }
      if (segment !== undefined) for (const path of [newer, older]) rmSync(path, { force: true });
      return { tail: lastLines(tail), bytes, gap };
    },
  };
}

function appendTail(head: number, from: { older: string; newer: string; half: number; beyondHead: number }): number {
  if (from.beyondHead <= 0) return 0;
  const newerBytes = statSync(from.newer).size;
  const olderBytes = existsSync(from.older) ? statSync(from.older).size : 0;
  const ofOlder = Math.min(olderBytes, from.half - newerBytes);
  const gap = from.beyondHead - newerBytes - ofOlder;
  if (gap > 0) writeAll(head, Buffer.from(`\n[${gap} bytes of this log were not kept]\n`));
  if (ofOlder > 0) copyEnd(from.older, ofOlder, head);
  copyEnd(from.newer, newerBytes, head);
  return gap;
}

function copyEnd(path: string, count: number, to: number): void {
  const from = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  let position = statSync(path).size - count;
  for (;;) {
    const read = readSync(from, buffer, 0, buffer.length, position);
    if (read === 0) break;
    writeAll(to, buffer.subarray(0, read));
    position += read;
  }
  closeSync(from);
}

function writeAll(fd: number, chunk: Buffer): void {
  for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
}

function lastLines(tail: Buffer): string {
  const text = tail.toString('utf8');
  const whole = tail.length < TAIL_BYTES ? text : text.slice(text.indexOf('\n') + 1);
  return whole.trimEnd().split('\n').slice(-20).join('\n');
}
