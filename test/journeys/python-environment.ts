import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The Python of a virtual environment with these pinned packages, made once per user below ~/.cache/runnel. Undefined where it cannot be made
 * (no Python, no package index): what needs it is then skipped by name.
 */
export async function pythonWith(name: string, packages: string[]): Promise<string | undefined> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel');
  const folder = join(cache, `venv-${name}`);
  const python = join(folder, 'bin/python');
  if (existsSync(python)) return python;
  // Complete or not there: scripts of a virtual environment name its folder, but its python can be moved.
  const building = `${folder}.${process.pid}`;
  try {
    await mkdir(cache, { recursive: true });
    await run('python3', ['-m', 'venv', building]);
    await run(join(building, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    await rename(building, folder).catch(() => rm(building, { recursive: true, force: true }));
    return python;
  } catch {
    await rm(building, { recursive: true, force: true });
    return undefined;
  }
}
