import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findProgram } from '../spawn/programs.ts';
import type { IsolationMode } from '../types.ts';

const run = promisify(execFile);

export interface IsolationReport {
  mode: IsolationMode;
  /** For people: `own uid and namespaces (unshare)`. */
  description: string;
  /** What is missing for a better mode, and what to do. */
  advice?: string;
}

export const noIsolation: IsolationMode = { uid: false, namespaces: 'none' };

/** Finds the strongest isolation that works on this machine by trying it. */
export async function detectIsolation(): Promise<IsolationReport> {
  const root = process.getuid?.() === 0;
  if (await namespacesWork(root)) {
    const mode: IsolationMode = { uid: root, namespaces: 'unshare' };
    return { mode, description: describeIsolation(mode) };
  }
  if (await bubblewrapWorks()) {
    const mode: IsolationMode = { uid: false, namespaces: 'bubblewrap' };
    return { mode, description: describeIsolation(mode), advice: 'util-linux unshare is missing or not allowed here' };
  }
  const advice = root
    ? 'namespaces are not allowed here: give the container CAP_SYS_ADMIN'
    : 'user namespaces are not allowed here (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone): allow them, or run as root';
  return { mode: noIsolation, description: describeIsolation(noIsolation), advice };
}

export function describeIsolation(mode: IsolationMode): string {
  if (mode.namespaces === 'none') return 'none';
  return mode.uid ? `own uid and namespaces (${mode.namespaces})` : `own namespaces (${mode.namespaces})`;
}

async function namespacesWork(root: boolean): Promise<boolean> {
  const unshare = findProgram('unshare');
  const mount = findProgram('mount');
  if (unshare === undefined || mount === undefined || findProgram('mkfifo') === undefined) return false;
  const user = root ? [] : ['--user', '--map-root-user'];
  const inner = root
    ? [unshare, '--setgid', '200000', '--setuid', '200000', '--']
    : [unshare, '--user', `--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`, '--'];
  const script = `${mount} -t tmpfs tmpfs /mnt && exec ${inner.join(' ')} /bin/sh -c :`;
  return succeeds(unshare, [
    ...user,
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--ipc',
    '--net',
    '--fork',
    '--kill-child=KILL',
    '--mount-proc',
    '--',
    '/bin/sh',
    '-c',
    script,
  ]);
}

async function bubblewrapWorks(): Promise<boolean> {
  const bubblewrap = findProgram('bwrap');
  if (bubblewrap === undefined) return false;
  return succeeds(bubblewrap, [
    '--die-with-parent',
    '--unshare-pid',
    '--unshare-net',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--',
    '/bin/sh',
    '-c',
    ':',
  ]);
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    await run(program, args, { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
