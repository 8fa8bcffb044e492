/** Programs that run container images. */
export type ContainerEngineName = 'docker' | 'podman' | 'singularity' | 'apptainer' | 'udocker';

/** A container engine of this machine. */
export interface ContainerEngine {
  name: ContainerEngineName;
  /** Absolute path. */
  program: string;
  /** Environment of the program itself, not of the tool: where its configuration and its daemon are. */
  env: { [name: string]: string };
}

/** One container; paths are absolute. */
export interface ContainerPlan {
  engine: ContainerEngine;
  image: string;
  /** After the image's entry point. */
  argv: string[];
  env: { [name: string]: string };
  /** As the tool sees it. */
  cwd: string;
  mounts: { source: string; target: string; writable: boolean }[];
  network: boolean;
  /** By which the container is found again. */
  name: string;
  user?: { uid: number; gid: number };
}

/** The command line that runs a container: root read-only, no network unless asked for, files owned by whoever asks. */
export function containerCommand(plan: ContainerPlan): string[] {
  const { engine, image, argv } = plan;
  switch (engine.name) {
    case 'docker':
    case 'podman':
      return [engine.program, 'run', ...dockerOptions(plan), image, ...argv];
    case 'singularity':
    case 'apptainer':
      return [engine.program, '--quiet', 'run', ...singularityOptions(plan), singularityImage(image), ...argv];
    case 'udocker':
      return [engine.program, '--quiet', 'run', ...udockerOptions(plan), image, ...argv];
  }
}

/** What ends a container whose command was killed; absent where killing the command suffices. */
export function containerRemoval({ engine, name }: Pick<ContainerPlan, 'engine' | 'name'>): string[] | undefined {
  return engine.name === 'docker' || engine.name === 'podman' ? [engine.program, 'rm', '--force', name] : undefined;
}

function dockerOptions({ engine, name, cwd, mounts, network, user, env }: ContainerPlan): string[] {
  return [
    '--interactive',
    '--rm',
    '--init',
    `--name=${name}`,
    '--read-only',
    '--tmpfs=/tmp',
    ...(user === undefined ? [] : [`--user=${user.uid}:${user.gid}`]),
    // Root has no ids to keep: podman refuses it there.
    ...(engine.name === 'podman' && user?.uid !== 0 ? ['--userns=keep-id'] : []),
    ...(network ? [] : ['--network=none']),
    ...mounts.map(({ source, target, writable }) =>
      [`--mount=type=bind`, csvField(`source=${source}`), csvField(`target=${target}`), ...(writable ? [] : ['readonly'])].join(','),
    ),
    `--workdir=${cwd}`,
    ...variables(env),
  ];
}

/** `--mount` is read as a line of CSV. */
function csvField(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function singularityOptions({ cwd, mounts, network, env }: ContainerPlan): string[] {
  return [
    '--contain',
    '--ipc',
    '--pid',
    '--cleanenv',
    '--no-home',
    ...(network ? [] : ['--net', '--network=none']),
    ...mounts.map(({ source, target, writable }) => `--bind=${source}:${target}${writable ? '' : ':ro'}`),
    `--pwd=${cwd}`,
    ...variables(env),
  ];
}

/** A path, or an address with its own scheme, is taken as it is. */
function singularityImage(image: string): string {
  return image.startsWith('/') || /^[a-z]+:\/\//.test(image) ? image : `docker://${image}`;
}

/** It has no network namespaces: whoever chooses it says so. */
function udockerOptions({ cwd, mounts, env }: ContainerPlan): string[] {
  return [
    '--rm',
    ...mounts.map(({ source, target, writable }) => `--volume=${source}:${target}${writable ? '' : ':ro'}`),
    `--workdir=${cwd}`,
    ...variables(env),
  ];
}

function variables(env: { [name: string]: string }): string[] {
  return Object.entries(env).map(([name, value]) => `--env=${name}=${value}`);
}
