import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { openLog } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the log of a step', () => {
  it('writes nothing where there is nothing to write', () => {
    expect(openLog(join(folder, 'log')).end()).toEqual({ tail: '', bytes: 0, gap: 0 });
    expect(existsSync(join(folder, 'log'))).toBe(false);
  });

  it('keeps head and tail of a log without newlines, marks the gap and needs a bounded amount of disk', () => {
    const log = openLog(join(folder, 'log'), undefined, 2000);
    for (let count = 0; count < 100; count += 1) log.write(Buffer.alloc(997, String.fromCharCode(97 + (count % 26))));
    const { bytes, gap } = log.end();
    const text = readFileSync(join(folder, 'log'), 'utf8');
    expect(bytes).toBe(99_700);
    expect(text.slice(0, 1000)).toBe('a'.repeat(997) + 'bbb');
    expect(text).toContain(`\n[${gap} bytes of this log were not kept]\n`);
    expect(text.slice(1000 + `\n[${gap} bytes of this log were not kept]\n`.length)).toHaveLength(1000);
    expect(text.endsWith('v'.repeat(997))).toBe(true);
    expect(gap).toBe(99_700 - 2000);
  });

  it('keeps a log whole that just fits', () => {
    const log = openLog(join(folder, 'log'), undefined, 2000);
    log.write(Buffer.from('x'.repeat(1500)));
    log.write(Buffer.from('y'.repeat(500)));
    expect(log.end().gap).toBe(0);
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('x'.repeat(1500) + 'y'.repeat(500));
  });

  it('passes pieces of at most 256 KiB on while it is written, and the last lines at the end', () => {
    const pieces: number[] = [];
    const log = openLog(join(folder, 'log'), (chunk) => pieces.push(chunk.length));
    log.write(Buffer.alloc(600 * 1024, 'a'));
    log.write(Buffer.from('\nalmost done\nfailed: no band\n'));
    expect(log.end().tail).toBe('almost done\nfailed: no band');
    expect(Math.max(...pieces)).toBeLessThanOrEqual(256 * 1024);
    expect(pieces.reduce((sum, length) => sum + length)).toBe(600 * 1024 + '\nalmost done\nfailed: no band\n'.length);
  });
});
