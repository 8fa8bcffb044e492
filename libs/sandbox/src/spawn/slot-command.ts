import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { IsolationMode } from '../types.ts';
import { findProgram } from './programs.ts';
import type { SlotCommand } from './slot.ts';
import { isBelow, slotScript } from './slot-script.ts';

/** Our own range: 65534 belongs to the embedded Postgres, and what lies below 100000 may be somebody's. */
export const FIRST_UID = 200_000;

export interface SlotPlace {
  isolation: IsolationMode;
  /** Private folder of this slot; made here. */
  folder: string;
  /** Empty folder of the host, used as a place to mount things in the slot's own namespace. */
  mountPoint: string;
  kept: string[];
  hidden: string[];
  uid?: number;
  network: boolean;
}

/** How the shell of a slot is started, with everything around it that separates its tools from the host. */
export function slotCommand(place: SlotPlace): SlotCommand {
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const pipe = join(place.folder, 'log');
  const base = { pipe, ...(place.uid === undefined ? {} : { uid: place.uid }) };
  if (place.isolation.namespaces !== 'unshare') {
    return { ...base, argv: ['/bin/sh'], script: slotScript({ pipe }), ownNamespace: false };
  }
  const ip = place.network ? undefined : findProgram('ip');
  const replaced = replacedFolders(place.folder, place.hidden);
  const script = slotScript({
    pipe,
    namespaces: {
      mount: findProgram('mount') ?? 'mount',
      ...(ip === undefined ? {} : { ip }),
      kept: place.kept,
      stash: place.mountPoint,
      // What lies below a replaced folder is out of sight already.
      hidden: place.hidden.filter((path) => existsSync(path) && !replaced.some((other) => isBelow(path, other.path))),
      replaced,
    },
  });
  return { ...base, argv: [...parentDeath(), ...unshareArguments(place), '/bin/sh'], script, ownNamespace: true };
}

/** Folders in which everybody may write: a slot has its own, emptied after each tool. */
export function ownFolders(folder: string): { path: string; by: string }[] {
  return [
    { path: '/tmp', by: join(folder, 'tmp') },
    { path: '/var/tmp', by: join(folder, 'vartmp') },
    { path: '/dev/shm', by: join(folder, 'shm') },
  ];
}

function replacedFolders(folder: string, hidden: string[]): { path: string; by: string }[] {
  // What covers the slot's own folder comes last: the others are bound from it.
  const own = ownFolders(folder)
    .filter(({ path }) => !hidden.some((covered) => isBelow(path, covered)))
    .sort((a, b) => Number(isBelow(folder, a.path)) - Number(isBelow(folder, b.path)));
  for (const { by } of own) {
    mkdirSync(by, { recursive: true });
    chmodSync(by, 0o1777);
  }
  return own;
}

function parentDeath(): string[] {
  const setpriv = findProgram('setpriv');
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--no-new-privs', '--'];
}

function unshareArguments(place: SlotPlace): string[] {
  const unshare = findProgram('unshare') ?? '/usr/bin/unshare';
  const user = place.isolation.uid ? [] : ['--user', '--map-root-user'];
  const net = place.network ? [] : ['--net'];
  return [
    unshare,
    ...user,
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--ipc',
    ...net,
    '--fork',
    '--kill-child=KILL',
    '--mount-proc',
    '--',
  ];
}

/** A folder that exists everywhere and has nothing to do with ours: mounts made there are seen only inside a slot. */
export function findMountPoint(avoid: string[]): string {
  const apart = (path: string): boolean => existsSync(path) && !avoid.some((other) => isBelow(other, path) || isBelow(path, other));
  const found = ['/mnt', '/media', '/srv', '/opt', '/home'].find(apart);
  if (found === undefined) throw new Error('no folder to mount things in: one of /mnt, /media, /srv, /opt must exist');
  return found;
}
