import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const PAGE = 4096;
const childrenAreListed = existsSync(`/proc/self/task/${process.pid}/children`);

/** Descendants of a process, itself not included. Orphans are found only where they are adopted inside the tree (pid namespace). */
export function descendants(root: number): number[] {
  const childrenOf = childrenAreListed ? listedChildren : scannedChildren();
  const found: number[] = [];
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    const children = childrenOf(pid);
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

function listedChildren(pid: number): number[] {
  return threads(pid).flatMap((thread) =>
    (readOrUndefined(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').map(Number).filter(Boolean),
  );
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** For kernels without CONFIG_PROC_CHILDREN: one look at every process. */
function scannedChildren(): (pid: number) => number[] {
  const children = new Map<number, number[]>();
  for (const pid of listPids()) {
    const stat = readOrUndefined(`/proc/${pid}/stat`) ?? '';
    // The name stands in parentheses and may hold anything, so fields are counted from its end.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return (pid) => children.get(pid) ?? [];
}

/** Resident bytes of these processes together; pages they share are counted for each. */
export function residentBytes(pids: number[]): number {
  return pids.reduce((sum, pid) => sum + (Number((readOrUndefined(`/proc/${pid}/statm`) ?? '').split(' ')[1]) || 0) * PAGE, 0);
}

export function listPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Boolean);
}

/** True where the process has HOME or TMPDIR below one of these folders or works there: what every child of a tool inherits. */
export function belongsTo(pid: number, folders: Iterable<string>): boolean {
  const environment = readOrUndefined(`/proc/${pid}/environ`) ?? '';
  const places = environment
    .split('\0')
    .filter((variable) => variable.startsWith('HOME=') || variable.startsWith('TMPDIR='))
    .map((variable) => variable.slice(variable.indexOf('=') + 1));
  try {
    places.push(readlinkSync(`/proc/${pid}/cwd`));
  } catch {
    // Gone, or another user's: then it is none of ours.
  }
  for (const folder of folders) {
    if (places.some((place) => place === folder || place.startsWith(`${folder}/`))) return true;
  }
  return false;
}

/** Sends a signal to a process, or with a negative id to its group; false where there is none. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  // To kill(2) these mean our own group, init and everybody.
  if (!Number.isInteger(pid) || (pid >= -1 && pid <= 1)) throw new Error(`refused to send ${name} to ${pid}`);
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
