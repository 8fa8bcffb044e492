/**
 * Builds root file systems that stand for common container images, from Debian's packages and without a registry, and registers them in the
 * images.json that `runnel-cwl` and `runnel up` find by themselves. They are kept per user outside the clone and built once.
 *
 *   node scripts/rootfs.ts            RUNNEL_IMAGES_DIR=… another folder, RUNNEL_DEBIAN_MIRROR=… another mirror than apt's
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

interface Image {
  references: string[];
  folder: string;
  entrypoint?: string[];
  build: (root: string) => void;
  /** What somebody who knows the image should know. */
  differs: (root: string) => string;
}

const home = process.env['RUNNEL_IMAGES_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'runnel', 'images');
const debianTags = ['latest', 'stable', 'stable-slim', '12', '12-slim', 'bookworm', 'bookworm-slim', '11', '11-slim', 'bullseye', 'bullseye-slim', '10', '10-slim', 'buster', 'buster-slim', '9', '9-slim', 'stretch', 'stretch-slim', '8', '8-slim', 'jessie', 'jessie-slim']; // prettier-ignore
const pythonTags = ['latest', 'slim', '3', '3-slim', '3.11', '3.11-slim'];

const images: Image[] = [
  {
    folder: 'python',
    references: pythonTags.map((tag) => `python:${tag}`),
    build: buildPython,
    differs: (root) => `Python is ${versionIn(root, 'python3')} of ${releaseOf(root)}; only its standard library`,
  },
  {
    folder: 'debian',
    references: debianTags.map((tag) => `debian:${tag}`),
    build: buildDebian,
    differs: (root) => `whatever the tag, it is ${releaseOf(root)}`,
  },
  {
    folder: 'bash',
    references: ['bash:latest', 'bash:5', 'bash:5.2', 'bash:4.4', 'bash:4'],
    entrypoint: ['docker-entrypoint.sh'],
    build: buildBash,
    differs: (root) => `bash is ${versionIn(root, 'bash')} of ${releaseOf(root)}, not 4.4 on Alpine`,
  },
  {
    folder: 'alpine',
    references: ['alpine:latest', 'alpine:3', 'busybox:latest'],
    build: buildBusybox,
    differs: () =>
      `the programs are those of Debian's busybox-static ${packageVersion('busybox-static')}; there is no apk and no C library`,
  },
];

/** Debian with Python; the plain Debian is a copy of it without, so that packages are fetched once. */
function buildPython(root: string): void {
  const { mirror, suite } = debianSource();
  const tools = unpack('debootstrap');
  try {
    run(join(tools, 'usr/sbin/debootstrap'), ['--variant=minbase', '--include=python3', suite, root, mirror], {
      DEBOOTSTRAP_DIR: join(tools, 'usr/share/debootstrap'),
    });
  } finally {
    rmSync(tools, { recursive: true, force: true });
  }
  for (const folder of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'usr/share/man'])
    emptyFolder(join(root, folder));
  symlinkSync('/usr/bin/python3', join(root, 'usr/local/bin/python'));
}

function buildDebian(root: string): void {
  copyTree('python', root);
  rmSync(join(root, 'usr/local/bin/python'));
  const installed = run('dpkg-query', ['--admindir', join(root, 'var/lib/dpkg'), '-W', '-f', '${Package}\n']).split('\n');
  const python = installed.filter((name) => /^(?:lib)?python3/.test(name));
  run('chroot', [root, 'dpkg', '--purge', '--force-depends', ...python], { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' });
}

function buildBash(root: string): void {
  copyTree('debian', root);
  const script = join(root, 'usr/local/bin/docker-entrypoint.sh');
  // As the image's own: options are bash's, anything else is a command.
  writeFileSync(script, '#!/bin/bash\nif [ $# = 0 ] || [ "${1#-}" != "$1" ]; then exec bash "$@"; fi\nexec "$@"\n');
  chmodSync(script, 0o755);
}

function buildBusybox(root: string): void {
  const tools = unpack('busybox-static');
  for (const folder of ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'etc', 'tmp', 'var/tmp', 'proc', 'dev', 'root'])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync(join(tools, 'bin/busybox'), join(root, 'bin/busybox'));
  rmSync(tools, { recursive: true, force: true });
  for (const applet of run(join(root, 'bin/busybox'), ['--list-full']).split('\n')) {
    const link = join(root, applet);
    if (applet !== '' && !existsSync(link)) symlinkSync('/bin/busybox', link);
  }
  chmodSync(join(root, 'tmp'), 0o1777);
  chmodSync(join(root, 'var/tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
}

/** Files are shared by hard links: nothing here writes into one in place, dpkg replaces them. */
function copyTree(from: string, root: string): void {
  run('cp', ['-al', `${join(home, from)}/.`, root]);
}

/** A Debian package's files, without installing it. */
function unpack(name: string): string {
  const folder = mkdtempSync(join(home, '.unpacked-'));
  run('apt-get', ['download', '-q', name], {}, folder);
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb')) ?? '';
  run('dpkg-deb', ['-x', archive, '.'], {}, folder);
  return folder;
}

/** Mirror and release that apt uses here. */
function debianSource(): { mirror: string; suite: string } {
  const targets = run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(CODENAME) $(COMPONENT)', 'Created-By: Packages']).split('\n');
  const [mirror = '', suite = ''] = targets.find((line) => /^\S+\/debian\/? [a-z]+ main$/.test(line))?.split(' ') ?? [];
  const chosen = process.env['RUNNEL_DEBIAN_MIRROR'] ?? mirror;
  if (chosen === '') throw new Error('apt knows no Debian mirror here: name one in RUNNEL_DEBIAN_MIRROR');
  return { mirror: chosen, suite: suite === '' ? 'bookworm' : suite };
}

function emptyFolder(folder: string): void {
  if (existsSync(folder)) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}

function run(program: string, args: string[], env: Record<string, string> = {}, cwd = '/'): string {
  try {
    return execFileSync(program, args, {
      cwd,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    const said = `${stdout}${stderr}`.trim().split('\n').slice(-5).join('\n');
    throw new Error(`${program} ${args.slice(0, 2).join(' ')} failed: ${said === '' ? message : said}`, { cause: error });
  }
}

function versionIn(root: string, name: string): string {
  return run('dpkg-query', ['--admindir', join(root, 'var/lib/dpkg'), '-W', '-f', '${Version}', name]);
}

function packageVersion(name: string): string {
  return /Candidate: (\S+)/.exec(run('apt-cache', ['policy', name]))?.[1] ?? '';
}

function releaseOf(root: string): string {
  return /PRETTY_NAME="(.*)"/.exec(readFileSync(join(root, 'usr/lib/os-release'), 'utf8'))?.[1] ?? 'Debian';
}

/** Builds what is not there yet; a build that is cut short leaves nothing that could pass for a root. */
function provide({ folder, build }: Image): string {
  const root = join(home, folder);
  if (existsSync(root)) return root;
  console.log(`building ${root} …`);
  const unfinished = mkdtempSync(join(home, `.${folder}-`));
  chmodSync(unfinished, 0o755);
  try {
    build(unfinished);
    renameSync(unfinished, root);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  return root;
}

function main(): void {
  if (process.getuid?.() !== 0) throw new Error('root file systems are made as root: sudo make rootfs');
  mkdirSync(home, { recursive: true });
  const path = join(home, 'images.json');
  const registered: Record<string, unknown> = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
  for (const image of images) {
    const root = provide(image);
    for (const reference of image.references) {
      registered[reference] = {
        root: image.folder,
        ...(image.entrypoint && { entrypoint: image.entrypoint }),
      };
    }
    console.log(`${image.references.join(' ')}\n    ${root}: ${image.differs(root)}`);
  }
  writeFileSync(`${path}.new`, `${JSON.stringify(registered, null, 2)}\n`);
  renameSync(`${path}.new`, path);
  console.log(`registered in ${path}`);
}

try {
  main();
} catch (error) {
  console.error(`make rootfs: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
