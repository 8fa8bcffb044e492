import { describe, expect, it } from '@jest/globals';

import { containerCommand, containerRemoval, type ContainerEngineName, type ContainerPlan } from './container-command.ts';

const plan = (name: ContainerEngineName, change: Partial<ContainerPlan> = {}): ContainerPlan => ({
  engine: { name, program: `/usr/bin/${name}`, env: {} },
  image: 'debian:12',
  argv: ['echo', 'a b'],
  env: { HOME: '/w/out', TMPDIR: '/w/tmp' },
  cwd: '/w/out',
  mounts: [
    { source: '/w/out', target: '/w/out', writable: true },
    { source: '/w/in,1', target: '/w/in,1', writable: false },
  ],
  network: false,
  name: 'runnel-1',
  user: { uid: 1000, gid: 100 },
  ...change,
});

describe('the command line of a container', () => {
  it('docker: read-only root, no network, the caller owns the files', () => {
    expect(containerCommand(plan('docker'))).toEqual([
      '/usr/bin/docker',
      'run',
      '--interactive',
      '--rm',
      '--init',
      '--name=runnel-1',
      '--read-only',
      '--tmpfs=/tmp',
      '--user=1000:100',
      '--network=none',
      '--mount=type=bind,source=/w/out,target=/w/out',
      '--mount=type=bind,"source=/w/in,1","target=/w/in,1",readonly',
      '--workdir=/w/out',
      '--env=HOME=/w/out',
      '--env=TMPDIR=/w/tmp',
      'debian:12',
      'echo',
      'a b',
    ]);
  });

  it('podman keeps the ids of the caller; NetworkAccess opens the network', () => {
    const words = containerCommand(plan('podman', { network: true }));
    expect(words).toContain('--userns=keep-id');
    expect(words).not.toContain('--network=none');
  });

  it('podman of root has no ids of a caller to keep', () => {
    const words = containerCommand(plan('podman', { user: { uid: 0, gid: 0 } }));
    expect(words).toContain('--user=0:0');
    expect(words).not.toContain('--userns=keep-id');
  });

  it.each(['singularity', 'apptainer'] as const)('%s runs the entry point of a docker image', (name) => {
    expect(containerCommand(plan(name))).toEqual([
      `/usr/bin/${name}`,
      '--quiet',
      'run',
      '--contain',
      '--ipc',
      '--pid',
      '--cleanenv',
      '--no-home',
      '--net',
      '--network=none',
      '--bind=/w/out:/w/out',
      '--bind=/w/in,1:/w/in,1:ro',
      '--pwd=/w/out',
      '--env=HOME=/w/out',
      '--env=TMPDIR=/w/tmp',
      'docker://debian:12',
      'echo',
      'a b',
    ]);
    expect(containerCommand(plan(name, { image: '/images/tool.sif' }))).toContain('/images/tool.sif');
  });

  it('udocker', () => {
    expect(containerCommand(plan('udocker'))).toEqual([
      '/usr/bin/udocker',
      '--quiet',
      'run',
      '--rm',
      '--volume=/w/out:/w/out',
      '--volume=/w/in,1:/w/in,1:ro',
      '--workdir=/w/out',
      '--env=HOME=/w/out',
      '--env=TMPDIR=/w/tmp',
      'debian:12',
      'echo',
      'a b',
    ]);
  });

  it('a container with a daemon outlives its command and is removed by name', () => {
    expect(containerRemoval(plan('docker'))).toEqual(['/usr/bin/docker', 'rm', '--force', 'runnel-1']);
    expect(containerRemoval(plan('apptainer'))).toBeUndefined();
  });
});
