import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@runnel/embedded';
import { eventually, startVersitygw, versitygw } from '@runnel/testing';
import { repository } from '../journeys/up.ts';
import { cache, clusterEnv, host, kubeconfig, kubectl, script } from './cluster.ts';

export const release = 'runnel';
const images = { prefix: 'registry.local/runnel', tag: '0.1.0' };

/** Runnel as its chart installs it in the test cluster, with trial Postgres and NATS, and S3 on this machine. */
export interface ChartRelease {
  /** Its api. */
  request(path: string, init?: RequestInit): Promise<Response>;
  upgrade(...settings: string[]): Promise<void>;
  /** kubectl in its namespace. */
  kubectl(...args: string[]): string;
  close(): Promise<void>;
}

export async function installChart(): Promise<ChartRelease> {
  const command = versitygw();
  if (command === undefined) throw new Error('versitygw could not be built');
  const helm =
    execFileSync(join(repository, 'scripts/go-program.sh'), ['helm', '4.3.1', 'helm.sh/helm/v4/cmd/helm'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'runnel-chart-'));
  const s3 = await startVersitygw(command, folder);
  script('expose.sh', String(s3.port));
  const own = (...args: string[]): string => kubectl('-n', release, ...args);
  kubectl('create', 'namespace', release);
  kubectl('label', 'namespace', release, 'pod-security.kubernetes.io/enforce=restricted');
  own('create', 'secret', 'generic', 's3', `--from-literal=AWS_ACCESS_KEY_ID=${s3.accessKeyId}`, `--from-literal=AWS_SECRET_ACCESS_KEY=${s3.secretAccessKey}`); // prettier-ignore
  volumes(['data-runnel-postgres-0', 'data-runnel-nats-0']);
  const podEndpoint = `http://${host}:${s3.port}`;
  const values = join(folder, 'values.json');
  writeFileSync(values, JSON.stringify(valuesOf(s3.bucket('runnel', { endpoint: podEndpoint }), s3.port)));
  const run = (...args: string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, KUBECONFIG: kubeconfig, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder };
      const child = spawn(helm, [...args, '--namespace', release, '--values', values], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`helm ${args.join(' ')}: ${said}`))));
    });
  const chart = join(repository, 'deploy/helm');
  await run('install', release, chart, '--wait', '--timeout', '6m');
  const port = await freePort();
  script('reach.sh', String(port), `${own('get', 'service', release, '-o', 'jsonpath={.spec.clusterIP}')}:80`);
  const url = `http://127.0.0.1:${port}`;
  await eventually('its api answers', () => fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false), 60_000); // prettier-ignore
  const token = own('exec', 'deploy/runnel-api', '--', 'runnel', 'token', 'create', '--workspace', 'demo').trim().split('\n').at(-1);
  return {
    request: (path, init = {}) =>
      // A connection per request, as strangers make them: each is sent to some api.
      fetch(new URL(path, url), {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}`, connection: 'close' },
      }),
    upgrade: (...settings) => run('upgrade', release, chart, '--wait', '--timeout', '6m', ...settings),
    kubectl: own,
    async close() {
      await run('uninstall', release, '--wait', '--timeout', '2m').catch(() => undefined);
      await s3.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** There is no provisioner in the test cluster: volumes are folders made beforehand. */
function volumes(claims: readonly string[]): void {
  for (const claim of claims) {
    const path = join(cache, 'run/volumes', claim);
    mkdirSync(path, { recursive: true, mode: 0o777 });
    execFileSync('chmod', ['0777', path]);
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: claim },
      spec: {
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { namespace: release, name: claim },
        hostPath: { path },
      },
    };
    execFileSync(join(cache, 'bin/kubectl'), ['apply', '-f', '-'], {
      input: JSON.stringify(volume),
      env: clusterEnv,
    });
  }
}

function valuesOf(objects: string, s3Port: number): unknown {
  const service = (replicas: number): unknown => ({
    replicas,
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '1Gi' } },
  });
  return {
    image: { repository: images.prefix, tag: images.tag, pullPolicy: 'Never' },
    objects: { url: objects, credentialsSecret: 's3', region: 'us-east-1' },
    services: { api: service(2), scheduler: service(2), executor: service(2), ingester: service(2), harvester: service(1) },
    pods: {
      toolImage: 'registry.local/busybox:1.35',
      reachable: `${host}/32:${s3Port}`,
      workspaces: { '*': { imagePullPolicy: 'Never', quota: { pods: '25' } } },
    },
  };
}

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** `verb resource` of everything that the executors' account may do, beyond what every account may. */
export function granted(): string[] {
  const cluster = `clusterrole/${release}-${release}-executor`;
  const roles = [cluster, `${cluster}-steps`, `role/${release}-executor`];
  const rules = roles.flatMap((role) => (JSON.parse(kubectl('-n', release, 'get', role, '-o', 'json')) as { rules: Rule[] }).rules);
  return [
    ...new Set(rules.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)))),
  ].sort();
}

/** The same of what it did, by the API server's audit log, and what it was refused. */
export function audited(): { done: string[]; refused: string[] } {
  const entries = readFileSync(join(cache, 'run/log/audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(`system:serviceaccount:${release}:${release}-executor"`))
    .map((line) => JSON.parse(line) as AuditEntry)
    .filter(({ objectRef }) => objectRef !== undefined);
  const text = ({ verb, objectRef }: AuditEntry): string =>
    `${verb} ${[objectRef?.resource, objectRef?.subresource].filter((part) => part !== undefined).join('/')}`;
  // A quota refuses with 403 too: that is no lack of rights.
  const isRefused = ({ annotations }: AuditEntry): boolean => annotations?.['authorization.k8s.io/decision'] === 'forbid';
  return { done: distinct(entries.filter((entry) => !isRefused(entry)).map(text)), refused: distinct(entries.filter(isRefused).map(text)) };
}

interface AuditEntry {
  verb: string;
  objectRef?: { resource: string; subresource?: string };
  annotations?: Record<string, string>;
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort();
