import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@runnel/embedded';
import { eventually } from '@runnel/testing';
import { accept, newFolder, removeFolder, repository, untilFinal } from '../journeys/up.ts';
import { kubeconfig } from './cluster.ts';
import { scatter } from './documents.ts';
import { startInstallation, watchPods, type Installation, type PodLog } from './installation.ts';

const patience = 300_000;

let installation: Installation;
const folders: string[] = [];
const executors: Executor[] = [];
let watched: PodLog | undefined;

/** What the Service before the executors is in a cluster: pods reach whoever is there. */
let service: Server;
let serving = 0;

interface Executor {
  process: ChildProcess;
  stagingPort: number;
  said(): string;
}

/** An executor of its own, of the one shard that all share. */
async function startExecutor(): Promise<Executor> {
  const stagingPort = await freePort();
  const folder = newFolder();
  folders.push(folder);
  const addresses = JSON.parse(readFileSync(join(installation.up.folder, 'addresses.json'), 'utf8')) as Record<string, string>;
  const env = {
    ...process.env,
    RUNNEL_NATS_URL: addresses['nats'],
    RUNNEL_NATS_USER: addresses['natsUser'],
    RUNNEL_NATS_PASSWORD: addresses['natsPassword'],
    RUNNEL_OBJECTS: addresses['objects'],
    RUNNEL_WORK_DIR: folder,
    RUNNEL_BACKEND: 'kubernetes',
    RUNNEL_KUBECONFIG: kubeconfig,
    RUNNEL_STAGING_URL: installation.stagingUrl,
    RUNNEL_STAGING_PORT: String(stagingPort),
    RUNNEL_LEASE_NAMESPACE: 'default',
    RUNNEL_SHARDS: '1',
  };
  const child = spawn(process.execPath, [join(repository, 'apps/executor/dist/main.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const executor = { process: child, stagingPort, said: () => said };
  executors.push(executor);
  return executor;
}

beforeAll(async () => {
  installation = await startInstallation({ '*': { imagePullPolicy: 'Never' } }, { only: 'api,scheduler,ingester,harvester' });
  await installation.deployed(scatter);
  service = createServer((socket) => {
    const inner = connect(serving, '127.0.0.1');
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  }).listen(Number(new URL(installation.stagingUrl).port), '127.0.0.1');
}, 180_000);
afterEach(() => {
  watched?.stop();
  // A test that failed leaves one that would keep the shard.
  for (const { process: child } of executors) child.kill('SIGKILL');
});
afterAll(async () => {
  service.close();
  await installation.close();
  folders.forEach(removeFolder);
}, 60_000);

const works = (executor: Executor): boolean => executor.said().includes('"started"');

describe('two executors on one shard', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'take turns: after %s the other one goes on with the pods, and none is started twice',
    async (signal) => {
      const first = await startExecutor();
      serving = first.stagingPort;
      await eventually('the first has the shard', () => works(first), 90_000);
      const second = await startExecutor();
      await eventually('the second waits', () => second.said().includes('waiting for one'), 90_000);
      const id = await accept(installation.up, 'words', { words: ['a', 'b', 'c', 'd'], pause: 40 });
      watched = watchPods();
      await eventually('its pods run', () => watched?.running() === 4, 120_000);
      first.process.kill(signal);
      serving = second.stagingPort;
      await eventually('the second goes on', () => works(second), 90_000);
      if (signal === 'SIGSTOP') {
        // It wakes up as if nothing had happened, and ends.
        const ended = once(first.process, 'exit');
        first.process.kill('SIGCONT');
        await ended;
        expect(first.said()).toContain('the lease of the shard was lost');
      }
      expect(await untilFinal(installation.up, id, patience)).toMatchObject({ status: 'successful' });
      expect(watched.seen.size).toBe(5);
      expect([...watched.seen.values()].every((uids) => uids.size === 1)).toBe(true);
      const ended = once(second.process, 'exit');
      second.process.kill('SIGTERM');
      await ended;
    },
    patience,
  );
});
