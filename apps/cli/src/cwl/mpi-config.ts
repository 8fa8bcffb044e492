import { readFile } from 'node:fs/promises';

import type { MpiLauncher } from '@runnel/sandbox';
import { parse } from 'yaml';

import { CwlFault } from './fault.ts';

/** Reads the configuration file that cwltool takes for MPI: runner, nproc_flag, extra_flags, env_set, env_pass. */
export async function readMpiConfig(path: string): Promise<MpiLauncher> {
  let parsed: unknown;
  try {
    parsed = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new CwlFault(`--mpi-config-file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new CwlFault(`--mpi-config-file ${path}: expected a map`);
  const fields = parsed as Record<string, unknown>;
  const known = ['runner', 'nproc_flag', 'default_nproc', 'extra_flags', 'env_pass', 'env_pass_regex', 'env_set'];
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new CwlFault(`--mpi-config-file ${path}: unknown field ${unknown}; expected ${known.join(', ')}`);
  const patterns = words(fields['env_pass_regex']).map((pattern) => new RegExp(`^(?:${pattern})$`));
  const passed = Object.entries(process.env).filter(
    ([name]) => words(fields['env_pass']).includes(name) || patterns.some((one) => one.test(name)),
  );
  return {
    runner: typeof fields['runner'] === 'string' ? fields['runner'] : 'mpirun',
    countFlag: typeof fields['nproc_flag'] === 'string' ? fields['nproc_flag'] : '-n',
    extraFlags: words(fields['extra_flags']),
    env: { ...Object.fromEntries(passed.map(([name, value]) => [name, value ?? ''])), ...texts(fields['env_set']) },
  };
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function texts(value: unknown): { [name: string]: string } {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]))
    : {};
}
