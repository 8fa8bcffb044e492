import { dirname } from 'node:path';

import { quote } from './shell-text.ts';

/** What a slot's shell prepares once, before its first tool. */
export interface SlotLayout {
  /** Named pipe for logs, made by the shell. */
  pipe: string;
  /** Present: the shell is alone in its namespaces and may mount. */
  namespaces?: {
    mount: string;
    /** ip(8), for the loopback device of a new network namespace. */
    ip?: string;
    /** Stay visible at their paths although something above them is covered: the work root, images. */
    kept: string[];
    /** Folder of the host outside of everything covered, used for a moment. */
    stash: string;
    /** Folders covered by an empty one. */
    hidden: string[];
    /** Folders of the host in whose place the slot has its own: `/tmp`, `/dev/shm`. */
    replaced: { path: string; by: string }[];
  };
}

/**
 * The first lines of a slot's shell. From then on it reads one step after another from its standard input. Descriptor 3 is the log pipe.
 * The shell's own messages go nowhere: what concerns a tool is said inside its subshell, which writes to the log.
 */
export function slotScript(layout: SlotLayout): string {
  const lines = [`mkfifo -m 600 ${quote(layout.pipe)} || exit 1`, 'echo pipe', `exec 3>${quote(layout.pipe)}`];
  if (layout.namespaces) lines.push(...namespaceLines(layout.namespaces));
  lines.push('echo ready', 'exec >/dev/null 2>&1', 'cd /', '');
  return lines.join('\n');
}

function namespaceLines(layout: NonNullable<SlotLayout['namespaces']>): string[] {
  const { mount, stash } = layout;
  const covered = [...layout.hidden, ...layout.replaced.map(({ path }) => path)];
  const kept = layout.kept.filter((path) => covered.some((cover) => isBelow(path, cover)));
  const lines: string[] = [];
  if (layout.ip !== undefined) lines.push(`${layout.ip} link set lo up`);
  if (kept.length > 0) lines.push(`${mount} -t tmpfs -o mode=755,size=64k tmpfs ${quote(stash)} || exit 1`);
  kept.forEach((path, index) =>
    lines.push(`mkdir ${quote(`${stash}/${index}`)} && ${mount} --bind ${quote(path)} ${quote(`${stash}/${index}`)} || exit 1`),
  );
  for (const { path, by } of layout.replaced) {
    lines.push(`if [ -d ${quote(path)} ]; then ${mount} --bind ${quote(by)} ${quote(path)} || exit 1; fi`);
  }
  for (const path of layout.hidden) lines.push(`${mount} -t tmpfs -o mode=711,size=64k tmpfs ${quote(path)} || exit 1`);
  kept.forEach((path, index) =>
    lines.push(`mkdir -p ${quote(path)} && ${mount} --bind ${quote(`${stash}/${index}`)} ${quote(path)} || exit 1`),
  );
  for (const path of layout.hidden) lines.push(`${mount} -o remount,ro,bind ${quote(path)} || exit 1`);
  if (kept.length > 0) lines.push(`umount -l ${quote(stash)} || exit 1`);
  return lines;
}

/** Whether a path is a folder, or lies in it; by their names alone. */
export function isBelow(path: string, folder: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (at === folder) return true;
    if (at === dirname(at)) return false;
  }
}
