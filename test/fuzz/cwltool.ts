import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Ended } from './compare.ts';
import type { JsonObject } from './values.ts';

export interface Cwltool {
  run(outdir: string, process: string, job: string): Promise<Ended>;
  stop(): void;
}

interface Answer {
  code: number;
  out: string;
  err: string;
}

/** One cwltool for many processes: its start costs more than all of a small workflow. */
export function startCwltool(python: string, folder: string): Cwltool {
  const child = spawn(python, [join(import.meta.dirname, 'cwltool-loop.py')], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TMPDIR: folder },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(outdir, document, job) {
      child.stdin.write(`${JSON.stringify(['--quiet', '--no-container', '--outdir', outdir, document, job])}\n`);
      const line = await lines.next();
      if (line.done) throw new Error('cwltool has ended');
      const { code, out, err } = JSON.parse(line.value) as Answer;
      return code === 0 ? { outputs: JSON.parse(out) as JsonObject } : { failed: err };
    },
    stop: () => void child.stdin.end(),
  };
}
