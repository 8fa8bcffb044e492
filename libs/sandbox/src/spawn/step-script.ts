import { join } from 'node:path';

import type { SpawnRequest } from '../types.ts';
import { quote, quoteAll, splitEnvironment } from './shell-text.ts';

/** How a slot starts tools; absolute paths of the host's programs. */
export interface StepRules {
  /** Joined by the tool before it starts. */
  memoryGroup?: string;
  /** The uid and gid that the tool gets. */
  uid?: number;
  unshare?: string;
  mount?: string;
  bubblewrap?: string;
  /** With bubblewrap, which covers them for each step anew; slots in namespaces of their own have covered them already. */
  hidden?: string[];
  /** Slots share one uid, so that neighbours' folders have to be covered by a mount. */
  coverWorkRoot?: string;
  /** Uid and gid of whoever runs us: what the tool sees itself as in a user namespace. */
  identity?: { uid: number; gid: number };
  /** Empty folder over which a root file system is put together. */
  rootFolder: string;
}

/** The text that makes a slot's shell run one tool and say `nonce status leftovers` and the two lines of times(1p) on the log pipe. */
export function stepScript(request: SpawnRequest, rules: StepRules, nonce: string): string {
  return [
    '(',
    `exec 2>&3 3>&- <${quote(request.stdin ?? '/dev/null')} || exit 126`,
    ...limitLines(request, rules),
    ...startLines(request, rules),
    ')',
    's=$? d=0',
    // Only the first process of a pid namespace may do this: everywhere else -1 means the whole machine.
    ...(rules.unshare === undefined ? [] : ['if [ $$ = 1 ] && kill -9 -1; then d=1; fi']),
    `{ echo "${nonce} $s $d"; times; } >&3`,
    '',
  ].join('\n');
}

function limitLines(request: SpawnRequest, rules: StepRules): string[] {
  const lines: string[] = [];
  if (rules.memoryGroup !== undefined) lines.push(`echo 0 >${quote(rules.memoryGroup)} || exit 126`);
  // POSIX counts in blocks of 512 bytes.
  if (request.outputLimitBytes !== undefined) lines.push(`ulimit -f ${Math.ceil(request.outputLimitBytes / 512)}`);
  return lines;
}

function startLines(request: SpawnRequest, rules: StepRules): string[] {
  const redirections = `${request.stdout === undefined ? '>&2' : `>${quote(request.stdout)}`}${request.stderr === undefined ? '' : ` 2>${quote(request.stderr)}`}`;
  const { exported, rest } = splitEnvironment(request.env);
  const tool = quoteAll(rest.length === 0 ? request.argv : ['env', ...rest, ...request.argv]);
  // Redirections come before cd, for the shell creates them with its own rights, and cd is also a check.
  const enter = (folder: string): string[] => [
    `exec ${redirections} || exit 126`,
    `cd ${quote(folder)} || exit 126`,
    'unset PWD OLDPWD',
    ...(exported === '' ? [] : [exported]),
  ];

  if (rules.bubblewrap !== undefined)
    return [...enter(request.cwd), `exec ${quoteAll([rules.bubblewrap, ...bubblewrapArguments(request, rules)])} ${tool}`];
  if (rules.unshare === undefined) return [...enter(request.cwd), `exec ${tool}`];

  const identity = rules.identity ? ['--user', `--map-user=${rules.identity.uid}`, `--map-group=${rules.identity.gid}`] : [];
  const drop = rules.uid === undefined ? identity : ['--setgid', String(rules.uid), '--setuid', String(rules.uid)];
  const needsMounts = rules.coverWorkRoot !== undefined || request.root !== undefined || request.binds.length > 0;
  if (!needsMounts) return [...enter(request.cwd), `exec ${quoteAll([rules.unshare, ...drop, '--'])} ${tool}`];

  const root = request.root === undefined ? [] : ['--root', rules.rootFolder, '--wd', request.cwd];
  const inner = [
    'exec 3>&1 4>&2 >&2',
    ...mountLines(request, rules),
    'exec >&3 2>&4 3>&- 4>&-',
    ...(request.root === undefined ? [`cd ${quote(request.cwd)} || exit 126`] : []),
    'unset PWD OLDPWD',
    ...(exported === '' ? [] : [exported]),
    `exec ${quoteAll([rules.unshare, ...drop, ...root, '--'])} ${tool}`,
  ].join('\n');
  return [`exec ${redirections} || exit 126`, `exec ${rules.unshare} --mount --propagation private -- /bin/sh -c ${quote(inner)}`];
}

/** Mounts of one step, private to it. */
function mountLines(request: SpawnRequest, rules: StepRules): string[] {
  const mount = rules.mount ?? 'mount';
  const lines: string[] = [];
  const bind = (source: string, target: string, writable: boolean): void => {
    lines.push(
      `if [ -d ${quote(source)} ]; then mkdir -p ${quote(target)}; else mkdir -p "$(dirname ${quote(target)})"; [ -e ${quote(target)} ] || : >${quote(target)}; fi`,
    );
    lines.push(`${mount} --bind ${quote(source)} ${quote(target)} || exit 126`);
    if (!writable) lines.push(`${mount} -o remount,ro,bind ${quote(target)} || exit 126`);
  };
  const own = [
    ...request.writable.map((path) => ({ path, writable: true })),
    ...request.readable.map((path) => ({ path, writable: false })),
  ];
  if (request.root !== undefined) {
    const { rootFolder } = rules;
    lines.push(
      `${mount} -t tmpfs -o mode=755 tmpfs ${quote(rootFolder)} && mkdir ${quote(`${rootFolder}/u`)} ${quote(`${rootFolder}/w`)} ${quote(`${rootFolder}/r`)} || exit 126`,
      `${mount} -t overlay -o lowerdir=${quote(request.root)},upperdir=${quote(`${rootFolder}/u`)},workdir=${quote(`${rootFolder}/w`)} overlay ${quote(`${rootFolder}/r`)} || exit 126`,
      `mkdir -p ${['proc', 'dev', 'tmp'].map((name) => quote(join(rootFolder, 'r', name))).join(' ')}`,
      `${mount} -t tmpfs -o mode=1777 tmpfs ${quote(`${rootFolder}/r/tmp`)} || exit 126`,
      `${mount} --rbind /proc ${quote(`${rootFolder}/r/proc`)} && ${mount} --rbind /dev ${quote(`${rootFolder}/r/dev`)} || exit 126`,
    );
    for (const { path, writable } of own) bind(path, `${rootFolder}/r${path}`, writable);
    for (const { source, target, writable } of request.binds) bind(source, `${rootFolder}/r${target}`, writable === true);
    // An image is read-only for its tools, except for what was bound into it and /tmp.
    lines.push(
      `${mount} -o remount,ro,bind ${quote(`${rootFolder}/r`)} || exit 126`,
      `${mount} --rbind ${quote(`${rootFolder}/r`)} ${quote(rootFolder)} || exit 126`,
    );
    return lines;
  }
  if (rules.coverWorkRoot !== undefined) {
    // The folders of this step are carried over the cover in a stash that is made in it.
    const stash = rules.rootFolder;
    lines.push(`${mount} -t tmpfs -o mode=755,size=1m tmpfs ${quote(stash)} || exit 126`);
    own.forEach(({ path }, index) => {
      lines.push(`mkdir ${quote(`${stash}/${index}`)} && ${mount} --bind ${quote(path)} ${quote(`${stash}/${index}`)} || exit 126`);
    });
    lines.push(`${mount} -t tmpfs -o mode=755,size=1m tmpfs ${quote(rules.coverWorkRoot)} || exit 126`);
    own.forEach(({ path, writable }, index) => bind(`${stash}/${index}`, path, writable));
  }
  for (const { source, target, writable } of request.binds) bind(source, target, writable === true);
  return lines;
}

function bubblewrapArguments(request: SpawnRequest, rules: StepRules): string[] {
  const bindings = [
    ...request.writable.flatMap((path) => ['--bind', path, path]),
    ...request.readable.flatMap((path) => ['--ro-bind', path, path]),
    ...request.binds.flatMap(({ source, target, writable }) => [writable ? '--bind' : '--ro-bind', source, target]),
  ];
  return [
    '--die-with-parent',
    '--cap-drop',
    'ALL',
    '--unshare-pid',
    '--unshare-ipc',
    ...(request.network ? [] : ['--unshare-net']),
    ...(request.root === undefined
      ? ['--ro-bind', '/', '/', '--dev', '/dev', '--tmpfs', '/tmp']
      : ['--bind', request.root, '/', '--dev', '/dev', '--tmpfs', '/tmp']),
    '--proc',
    '/proc',
    ...[...(rules.hidden ?? []), ...(rules.coverWorkRoot === undefined ? [] : [rules.coverWorkRoot])].flatMap((path) => ['--tmpfs', path]),
    ...bindings,
    '--chdir',
    request.cwd,
    '--',
  ];
}
