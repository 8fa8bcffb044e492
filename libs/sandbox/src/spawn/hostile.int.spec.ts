import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { IsolationMode, SpawnRequest } from '../types.ts';
import { belongsTo, listPids } from './process-tree.ts';
import { createSpawner } from './spawner.ts';

const candidates: [string, IsolationMode][] = [
  ['own uid and namespaces', { uid: true, namespaces: 'unshare' }],
  ['namespaces under one uid', { uid: false, namespaces: 'unshare' }],
  ['bubblewrap', { uid: false, namespaces: 'bubblewrap' }],
];

/** A service's data folder with a work root in it, one tool's neighbour, and a spawner that separates them. */
class Scene {
  readonly data = mkdtempSync('/var/tmp/runnel-hostile-');
  readonly workRoot = join(this.data, 'work');
  readonly spawner: ReturnType<typeof createSpawner>;
  #count = 0;

  constructor(isolation: IsolationMode) {
    chmodSync(this.data, 0o711);
    mkdirSync(this.workRoot, { mode: 0o711 });
    writeFileSync(join(this.data, 'secret'), 'postgres password', { mode: isolation.uid ? 0o600 : 0o644 });
    const control = join(this.data, 'control');
    try {
      this.spawner = createSpawner({ isolation, control, workRoot: this.workRoot, hidden: [this.data], graceSeconds: 0.2 });
    } catch (error) {
      rmSync(this.data, { recursive: true });
      throw error;
    }
  }

  attempt(script: string, more: Partial<SpawnRequest> = {}): SpawnRequest {
    const folder = join(this.workRoot, String((this.#count += 1)));
    for (const name of ['out', 'tmp', 'in']) mkdirSync(join(folder, name), { recursive: true });
    const out = join(folder, 'out');
    const env = { HOME: out, TMPDIR: join(folder, 'tmp'), PATH: '/usr/bin:/bin' };
    const files = { stdout: join(out, 'said'), log: join(folder, 'log') };
    const access = { network: false, writable: [out, join(folder, 'tmp')], readable: [join(folder, 'in')], binds: [] };
    return { argv: ['bash', '-c', script], env, cwd: out, ...files, ...access, ...more };
  }

  /** What a script wrote to stdout, and how it ended. */
  async run(script: string, more: Partial<SpawnRequest> = {}): Promise<{ said: string; exitCode: number }> {
    const request = this.attempt(script, more);
    const { exitCode } = await this.spawner.run(request).result;
    return { said: readFileSync(join(request.cwd, 'said'), 'utf8'), exitCode };
  }

  async close(): Promise<void> {
    await this.spawner.close();
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function worksHere(mode: IsolationMode): Promise<boolean> {
  if (mode.uid && process.getuid?.() !== 0) return false;
  let scene: Scene | undefined;
  try {
    scene = new Scene(mode);
    // Nothing hostile is tried before a tool is seen to be in namespaces of its own.
    const { said } = await scene.run('readlink /proc/self/ns/pid /proc/self/ns/mnt /proc/self/ns/net');
    const host = ['pid', 'mnt', 'net'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
    const own = said.trim().split('\n');
    return own.length === 3 && own.every((name) => name !== '' && !host.includes(name));
  } catch {
    return false;
  } finally {
    await scene?.close();
  }
}

for (const [name, mode] of candidates) {
  const works = await worksHere(mode);
  (works ? describe : describe.skip)(`a hostile tool, ${name}${works ? '' : ' (this machine cannot)'}`, () => {
    let scene: Scene;
    let service: ChildProcess;
    let server: Server;
    let port: number;

    beforeAll(async () => {
      scene = new Scene(mode);
      service = spawn('sleep', ['600'], { env: { SECRET: 'of the service' } });
      server = createServer((socket) => socket.end('postgres'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
    });
    afterAll(async () => {
      service.kill('SIGKILL');
      server.close();
      await scene.close();
    });

    it('has its own folders', async () => {
      expect(await scene.run('echo mine >file && cat file && echo tmp >"$TMPDIR/x" && pwd && echo "$HOME"')).toMatchObject({
        exitCode: 0,
        said: /^mine\n(.*)\n\1\n$/,
      });
    });

    it('does not read the data folder', async () => {
      const { said } = await scene.run(
        `cat ${scene.data}/secret; ls ${scene.data}; echo x >${scene.data}/planted; ls /proc/1/root${scene.data} ; echo done`,
      );
      expect(said).not.toContain('password');
      expect(said).not.toContain('secret');
      expect(existsSync(join(scene.data, 'planted'))).toBe(false);
    });

    it('does not see, kill or trace processes of the service', async () => {
      const pid = service.pid ?? 0;
      const { said } = await scene.run(
        `cat /proc/${pid}/environ; kill -9 ${pid} && echo kil''led; cat /proc/*/cmdline | tr '\\0' ' '; head -c1 /proc/${pid}/mem && echo tra''ced; echo`,
      );
      expect(said).not.toMatch(/of the service|sleep 600|killed|traced|jest/);
      expect(service.exitCode ?? service.signalCode).toBe(null);
    });

    it('reaches no port of the service', async () => {
      const { said } = await scene.run(`(exec 5<>/dev/tcp/127.0.0.1/${port} && cat <&5) 2>&1; echo done`);
      expect(said).not.toContain('postgres');
      expect(said).toContain('done');
    });

    it('reaches a port only when it was given the network', async () => {
      expect((await scene.run(`exec 5<>/dev/tcp/127.0.0.1/${port} && cat <&5`, { network: true })).said).toBe('postgres');
    });

    it('neither reads nor writes the folder of a neighbour', async () => {
      const neighbour = scene.attempt('echo private >file; chmod 777 . file; touch ready; while [ ! -e stop ]; do sleep 0.02; done');
      const running = scene.spawner.run(neighbour);
      while (!existsSync(join(neighbour.cwd, 'ready'))) await new Promise((resolve) => setTimeout(resolve, 10));
      const { said } = await scene.run(`cat ${neighbour.cwd}/file; echo x >${neighbour.cwd}/planted; ls ${scene.workRoot}/*/; echo done`);
      expect(said).not.toContain('private');
      expect(existsSync(join(neighbour.cwd, 'planted'))).toBe(false);
      writeFileSync(join(neighbour.cwd, 'stop'), '');
      expect((await running.result).exitCode).toBe(0);
    });

    it('does not change its inputs', async () => {
      const request = scene.attempt('echo worse >"$1"; chmod 777 "$1"; rm -f "$1"; mv "$1" gone; cat "$1"');
      const input = join(request.readable[0] ?? '', 'input');
      writeFileSync(input, 'good', { mode: 0o444 });
      await scene.spawner.run({ ...request, argv: [...request.argv, 'sh', input] }).result;
      expect(readFileSync(input, 'utf8')).toBe('good');
      expect(readFileSync(join(request.cwd, 'said'), 'utf8')).toBe('good');
    });

    it('leaves nothing for the next tool', async () => {
      await scene.run('echo planted >/tmp/planted; echo planted >/dev/shm/planted; echo planted >/var/tmp/planted');
      const { said } = await scene.run('cat /tmp/planted /dev/shm/planted /var/tmp/planted; echo done');
      expect(said).toBe('done\n');
      expect(existsSync('/tmp/planted') || existsSync('/dev/shm/planted') || existsSync('/var/tmp/planted')).toBe(false);
    });

    it('does not outlive its step', async () => {
      const request = scene.attempt('setsid sh -c "while :; do sleep 0.1; done" >/dev/null 2>&1 & (setsid sleep 600 &); exit 0');
      await scene.spawner.run(request).result;
      expect(listPids().filter((pid) => belongsTo(pid, [request.cwd]))).toEqual([]);
    });

    it('is stopped also while it forks and forks', async () => {
      const request = scene.attempt('f() { sleep 0.1; [ $1 -lt 7 ] && { f $(($1 + 1)) & f $(($1 + 1)) & }; sleep 60; }; f 0', {
        timeLimit: 1.2,
      });
      const result = await scene.spawner.run(request).result;
      expect(result.limit).toBe('time');
      expect(listPids().filter((pid) => belongsTo(pid, [request.cwd]))).toEqual([]);
    });

    it('gains no rights', async () => {
      const { said } = await scene.run('mount -t tmpfs x /mnt && echo mounted; umount /proc && echo unmounted; cat /proc/self/status');
      expect(said).not.toContain('mounted');
      expect(said).toMatch(/CapPrm:\s+0+\nCapEff:\s+0+\n/);
      expect(said).toMatch(/NoNewPrivs:\s+1/);
    });
  });
}
