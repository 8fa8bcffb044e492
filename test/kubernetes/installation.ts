import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startVersitygw, versitygw } from '@runnel/testing';
import { deploy, newFolder, removeFolder, startUp, type Up } from '../journeys/up.ts';
import { besideCluster } from './beside-cluster.ts';
import { clusterEnv, cache, kubeconfig, script } from './cluster.ts';

export const namespace = 'ws-demo';

export interface SeenPod {
  name: string;
  uid: string;
  phase: string;
}

/** The workspace's pods as one `kubectl --watch` shows them. */
export interface PodLog {
  /** All that were ever there: uids by name. */
  readonly seen: ReadonlyMap<string, ReadonlySet<string>>;
  now(): SeenPod[];
  running(): number;
  stop(): void;
}

export function watchPods(): PodLog {
  const seen = new Map<string, Set<string>>();
  const present = new Map<string, SeenPod>();
  const columns = 'EVENT:.type,NAME:.object.metadata.name,UID:.object.metadata.uid,PHASE:.object.status.phase';
  const args = ['-n', namespace, 'get', 'pods', '--watch', '--output-watch-events', '--no-headers', '-o', `custom-columns=${columns}`];
  const child = spawn(join(cache, 'bin/kubectl'), args, { env: clusterEnv, stdio: ['ignore', 'pipe', 'inherit'] });
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [event = '', name = '', uid = '', phase = ''] = line.split(/\s+/);
      if (!name.startsWith('rn-')) continue;
      seen.set(name, (seen.get(name) ?? new Set()).add(uid));
      if (event === 'DELETED') present.delete(name);
      else present.set(name, { name, uid, phase });
    }
  });
  return {
    seen,
    now: () => [...present.values()],
    running: () => [...present.values()].filter(({ phase }) => phase === 'Running').length,
    stop: () => void child.kill('SIGTERM'),
  };
}

/** A `runnel up` whose steps are pods of the test cluster, with its files in S3. */
export interface Installation {
  up: Up;
  /** The folder of the S3 server. */
  buckets: string;
  /** The S3 server's port on this machine, and as pods see it. */
  s3Port: number;
  /** Deploys a document and fails where that is refused. */
  deployed(document: string): Promise<void>;
  /** Of the executor, as pods reach it. */
  stagingUrl: string;
  /** While the object store does not answer. */
  withoutS3(work: () => Promise<void>): Promise<void>;
  /** kill -9 of everything, and the same again. */
  killed(): Promise<void>;
  restarted(): Promise<void>;
  close(): Promise<void>;
}

export interface InstallationOptions {
  /** One part alone, as `--only` says. */
  only?: string;
  slots?: number;
  /** Of the user that it is in the cluster; default: its administrator. */
  kubeconfig?: string;
}

export async function startInstallation(workspacePods: unknown, options: InstallationOptions = {}): Promise<Installation> {
  const { only, slots = 32 } = options;
  const command = versitygw();
  if (command === undefined) throw new Error('versitygw could not be built');
  const folder = mkdtempSync(join(tmpdir(), 'runnel-kubernetes-'));
  let s3 = await startVersitygw(command, folder);
  const { port } = s3;
  const settings = join(folder, 'workspace-pods.json');
  writeFileSync(settings, JSON.stringify(workspacePods));
  const beside = await besideCluster({
    s3,
    kubeconfig: options.kubeconfig ?? kubeconfig,
    expose: (one) => script('expose.sh', String(one)),
  });
  Object.assign(process.env, beside.env, {
    RUNNEL_TOOL_IMAGE: 'registry.local/busybox:1.35',
    RUNNEL_WORKSPACE_PODS: settings,
    RUNNEL_REACHABLE: beside.reachable,
  });
  const { stagingUrl } = beside;
  const args = [...beside.args, '--slots', String(slots), ...(only === undefined ? [] : ['--only', only])];
  const data = newFolder();
  let up = await startUp({ folder: data, args }).catch(async (error: unknown) => {
    await s3.stop();
    throw error;
  });
  return {
    get up() {
      return up;
    },
    stagingUrl,
    buckets: join(folder, 'buckets'),
    s3Port: port,
    async deployed(document) {
      const answer = await deploy(up, document);
      if (answer.status !== 201) throw new Error(`deploying: ${answer.status} ${await answer.text()}`);
    },
    async withoutS3(work) {
      await s3.stop();
      try {
        await work();
      } finally {
        s3 = await startVersitygw(command, folder, { port });
      }
    },
    killed: () => up.kill(),
    async restarted() {
      up = await startUp({ folder: data, port: up.port, args });
    },
    async close() {
      await up.stop();
      await s3.stop();
      removeFolder(data);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
