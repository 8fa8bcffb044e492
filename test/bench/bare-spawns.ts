/** The floor: N times `echo i`, output to a file, some in flight, nothing else. `node bare-spawns.ts N IN_FLIGHT`. */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [count = 1000, inFlight = 2] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'runnel-bare-'));
let next = 0;

async function lane(): Promise<void> {
  while (next < count) {
    const i = next++;
    const out = openSync(join(folder, `${i}.txt`), 'w');
    await new Promise<void>((resolve, reject) => {
      const child = spawn('echo', [String(i)], { stdio: ['ignore', out, 'ignore'] });
      child.once('error', reject);
      child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`echo: exit ${code}`))));
    });
    closeSync(out);
  }
}

await Promise.all(Array.from({ length: inFlight }, lane));
rmSync(folder, { recursive: true });
